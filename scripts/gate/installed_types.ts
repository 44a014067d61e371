import { outputs } from "../tools.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { npmReason, typescriptVersions } from "../versions.ts";
import { cached, type Installed } from "./npm.ts";
import { all, skip } from "./step.ts";

/** A program to check. */
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

/**
 * Resolution without `exports`. TypeScript 6 needs `ignoreDeprecations` for it, and 7 does not have
 * it.
 */
const node10: Program = {
  files: modules,
  options: { ...plain, module: "commonjs", moduleResolution: "node10" },
};
const deprecated: Program = {
  ...node10,
  options: { ...node10.options, ignoreDeprecations: "6.0" },
};

/** A program on Node without the DOM's types. */
const node: Program = {
  files: modules,
  options: { module: "nodenext", lib: ["ESNext"], types: ["node"] },
};

/** Checks programs of each kind with each version of TypeScript. */
export async function checkTypes(installed: Installed): Promise<void> {
  await writeEntries(installed);
  const { folder } = installed;
  const own = { ...programs, node10: deprecated, node };
  await all([
    () => checkWith(`${Deno.cwd()}/node_modules`, { name: "own", folder, programs: own }),
    ...typescriptVersions.map((version) => async () => {
      const name = `typescript@${version}`;
      const kinds = version.startsWith("5") ? { ...programs, node10 } : programs;
      let packages;
      try {
        packages = `${await cached(name, [name])}/node_modules`;
      } catch (error) {
        return skip(`${name}, as npm could not give it: ${npmReason(String(error))}`);
      }
      await checkWith(packages, { name, folder, programs: kinds });
    }),
  ]);
}

/** Imports of every entry but the command, as an ES module and as CommonJS. */
async function writeEntries({ folder, project: { name, exports } }: Installed): Promise<void> {
  const entries = Object.keys(exports).filter((entry) => entry !== COMMAND_ENTRY);
  const lines = entries.map((entry, n) => `import * as e${n} from "${name}${entry.slice(1)}";`);
  const text = `${lines.join("\n")}\nexport const all = [${entries.map((_, n) => `e${n}`)}];\n`;
  for (const file of ["entries_types.ts", "entries_types.cts"]) {
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
}

/** Checks programs with the TypeScript of a `node_modules`. */
async function checkWith(
  packages: string,
  { name, folder, programs }: {
    readonly name: string;
    readonly folder: string;
    readonly programs: Readonly<Record<string, Program>>;
  },
): Promise<void> {
  const configs: string[] = [];
  for (const [kind, { files, options }] of Object.entries(programs)) {
    const path = `${folder}/tsconfig.${name}.${kind}.json`;
    const typeRoots = [`${Deno.cwd()}/node_modules/@types`];
    const config = { compilerOptions: { ...strict, typeRoots, ...options }, files };
    await Deno.writeTextFile(path, JSON.stringify(config));
    configs.push(path);
  }
  // Builds all of them in one process, which reads its own libraries once.
  await outputs("node", [`${packages}/typescript/bin/tsc`, "--build", ...configs]);
}
