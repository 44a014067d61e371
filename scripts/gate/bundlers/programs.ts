import { COMMAND_ENTRY } from "../../npm/manifest.ts";
import { jsrArgs, standIns } from "../../offline.ts";
import type { Project } from "../../tools.ts";
import { importsOf } from "../npm.ts";
import type { Bundle } from "./tools.ts";

/** Programs of `tests/bundlers/`, and the source of the package in them. */
export interface Origin {
  readonly name: "tarball" | "sources";
  /** Folder of the programs. */
  readonly folder: string;
  readonly alias: Bundle["alias"];
  readonly denoArgs: Bundle["denoArgs"];
}

/** Writes programs that import the package to a folder where it is installed. */
export async function programsOfTarball(project: Project, folder: string): Promise<Origin> {
  await writePrograms(project, folder, (entry) => project.name + entry.slice(1));
  return { name: "tarball", folder, alias: {}, denoArgs: ["--node-modules-dir=manual"] };
}

/** Writes programs that import the sources to a folder. */
export async function programsOfSources(project: Project, folder: string): Promise<Origin> {
  const root = Deno.cwd();
  await writePrograms(project, folder, (entry) => `${root}/${project.exports[entry]}`);
  const alias = Object.entries(standIns).map(([name, source]) => [name, `${root}/${source}`]);
  const [flag = "--config", config = "deno.json"] = await jsrArgs("bundle");
  const denoArgs = [flag, `${root}/${config}`];
  return { name: "sources", folder, alias: Object.fromEntries(alias), denoArgs };
}

/**
 * Writes `main.mjs` with its imports, and `cli.mjs`. `pathOf` returns the specifier of an entry.
 */
async function writePrograms(
  { name, exports }: Project,
  folder: string,
  pathOf: (entry: string) => string,
): Promise<void> {
  const specifiers = new Map(
    Object.keys(exports).map((entry) => [name + entry.slice(1), pathOf(entry)]),
  );
  for (const file of ["program.mjs", "required.cjs", "thread.mjs", "handlers.mjs"]) {
    const text = await Deno.readTextFile(`tests/bundlers/${file}`);
    const imported = text.replaceAll(
      /"(@[^"]+)"/g,
      (_, specifier) => JSON.stringify(specifiers.get(specifier) ?? specifier),
    );
    await Deno.writeTextFile(`${folder}/${file}`, imported);
  }
  const command = name + COMMAND_ENTRY.slice(1);
  await Deno.writeTextFile(`${folder}/cli.mjs`, `import "${specifiers.get(command)}";\n`);
  specifiers.delete(command);
  const exported = [...specifiers.keys()].map((one, n) => `"${one}": Object.keys(e${n}).sort(),\n`);
  // Not awaited, because a CommonJS program could not do that.
  const imports = `import { main } from "./program.mjs";\n${importsOf([...specifiers.values()])}`;
  await Deno.writeTextFile(`${folder}/main.mjs`, `${imports}main({ ${exported.join("")} });\n`);
}
