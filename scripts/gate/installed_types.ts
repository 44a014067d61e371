import { outputs } from "../tools.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { typescriptVersions } from "../versions.ts";
import { cachedOrSkip, importsOf, type Installed } from "./npm.ts";
import { all } from "./step.ts";

interface Program {
  readonly files: readonly string[];
  readonly options: object;
}

/** Options of every program: all of the package's declarations are checked. */
const strict = {
  ...{ strict: true, noEmit: true, target: "ES2022" },
  ...{ skipLibCheck: false, skipDefaultLibCheck: true },
};

/** Options of most programs, without `@types/node`. */
const plain = { lib: ["ES2022", "DOM"], types: [] };

const modules = ["types.ts", "entries_types.ts"];
const commonJs = ["entries_types.cts"];

/** Programs, by their module resolution. */
const programs: Readonly<Record<string, Program>> = {
  nodenext: { files: [...modules, ...commonJs], options: { ...plain, module: "nodenext" } },
  node16: { files: [...modules, ...commonJs], options: { ...plain, module: "node16" } },
  bundler: {
    files: modules,
    options: { ...plain, module: "esnext", moduleResolution: "bundler" },
  },
};

/** Resolution without `exports`, which TypeScript 7 does not have. */
function node10(options: object = {}): Program {
  const resolution = { module: "commonjs", moduleResolution: "node10" };
  return { files: modules, options: { ...plain, ...resolution, ...options } };
}

/** A program on Node without the DOM's types. */
const node: Program = {
  files: modules,
  options: { module: "nodenext", lib: ["ESNext"], types: ["node"] },
};

/** Checks programs of each kind with each version of TypeScript. */
export async function checkTypes(installed: Installed): Promise<void> {
  await writeEntries(installed);
  const { folder } = installed;
  const own = { ...programs, node10: node10({ ignoreDeprecations: "6.0" }), node };
  await all([
    () => checkWith(`${Deno.cwd()}/node_modules`, folder, own),
    ...typescriptVersions.map((version) => async () => {
      const name = `typescript@${version}`;
      const kinds = version.startsWith("5") ? { ...programs, node10: node10() } : programs;
      const packages = await cachedOrSkip(name, name, [name]);
      if (packages === undefined) return;
      await checkWith(`${packages}/node_modules`, folder, kinds);
    }),
  ]);
}

/** Imports of every entry but the command, as an ES module and as CommonJS. */
async function writeEntries({ folder, project: { name, exports } }: Installed): Promise<void> {
  const entries = Object.keys(exports).filter((entry) => entry !== COMMAND_ENTRY)
    .map((entry) => name + entry.slice(1));
  const all = entries.map((_, n) => `e${n}`);
  const text = `${importsOf(entries)}export const all = [${all}];\n`;
  for (const file of ["entries_types.ts", "entries_types.cts"]) {
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
}

/** Checks programs with the TypeScript of a `node_modules`. */
async function checkWith(
  packages: string,
  folder: string,
  programs: Readonly<Record<string, Program>>,
): Promise<void> {
  const typeRoots = [`${Deno.cwd()}/node_modules/@types`];
  const work = await Deno.makeTempDir({ dir: folder });
  const paths = Object.entries(programs).map(async ([kind, { files, options }]) => {
    const path = `${work}/tsconfig.${kind}.json`;
    const compilerOptions = { ...strict, typeRoots, ...options };
    const config = { compilerOptions, files: files.map((file) => `../${file}`) };
    await Deno.writeTextFile(path, JSON.stringify(config));
    return path;
  });
  // Builds all of them in one process, which reads its own libraries once.
  const args = [`${packages}/typescript/bin/tsc`, "--build", ...await Promise.all(paths)];
  await outputs("node", args);
}
