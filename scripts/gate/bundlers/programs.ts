import { jsrArgs } from "../../offline.ts";
import type { Project } from "../../tools.ts";
import { standIns } from "../../offline.ts";
import { COMMAND_ENTRY } from "../../npm/manifest.ts";
import type { Bundle } from "./bundlers.ts";

/** The source of the package in the programs. */
export interface Origin {
  readonly name: "tarball" | "sources";
  /** Folder of the programs. */
  readonly folder: string;
  readonly alias: Bundle["alias"];
  readonly denoArgs: Bundle["denoArgs"];
}

/** Writes the programs of `tests/bundlers/` to a folder where the package is installed. */
export async function programsOfTarball(
  { name, exports }: Project,
  folder: string,
): Promise<Origin> {
  const paths = Object.keys(exports).map((entry) => [entry, name + entry.slice(1)] as const);
  await writePrograms(folder, new Map(paths), name);
  return { name: "tarball", folder, alias: {}, denoArgs: ["--node-modules-dir=manual"] };
}

/** Writes the programs to a folder, with imports of the sources. */
export async function programsOfSources(
  { name, exports }: Project,
  folder: string,
): Promise<Origin> {
  const root = Deno.cwd();
  const paths = Object.entries(exports)
    .map(([entry, source]) => [entry, `${root}/${source}`] as const);
  await writePrograms(folder, new Map(paths), name);
  const alias = Object.fromEntries(
    Object.entries(standIns).map(([name, source]) => [name, `${root}/${source}`]),
  );
  const [flag, config = "deno.json"] = await jsrArgs("bundle");
  return {
    name: "sources",
    folder,
    alias,
    denoArgs: [flag ?? "--config", `${root}/${config}`],
  };
}

/** Writes `main.mjs` with its imports, and `cli.mjs`. `paths` maps entries to their specifiers. */
async function writePrograms(
  folder: string,
  paths: ReadonlyMap<string, string>,
  name: string,
): Promise<void> {
  const specifiers = new Map(
    [...paths].map(([entry, path]) => [name + entry.slice(1), path] as const),
  );
  for (const file of ["program.mjs", "required.cjs", "thread.mjs", "handlers.mjs"]) {
    const text = await Deno.readTextFile(`tests/bundlers/${file}`);
    const imported = text.replaceAll(/"(@[^"]+)"/g, (all, specifier) => {
      const path = specifiers.get(specifier);
      return path === undefined ? all : JSON.stringify(path);
    });
    await Deno.writeTextFile(`${folder}/${file}`, imported);
  }
  const entries = [...specifiers].filter(([specifier]) =>
    specifier !== name + COMMAND_ENTRY.slice(1)
  );
  const imports = entries.map(([, path], index) => `import * as e${index} from "${path}";\n`);
  const names = entries.map(([specifier], index) =>
    `  "${specifier}": Object.keys(e${index}).sort(),\n`
  );
  // Not awaited, because a CommonJS program could not do that.
  await Deno.writeTextFile(
    `${folder}/main.mjs`,
    `import { main } from "./program.mjs";\n${imports.join("")}main({\n${names.join("")}});\n`,
  );
  await Deno.writeTextFile(`${folder}/cli.mjs`, `import "${paths.get(COMMAND_ENTRY)}";\n`);
}
