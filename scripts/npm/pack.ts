import { deno, output } from "../command.ts";
import { readProject } from "../project.ts";
import { offlineArgs, standIns } from "../stand_in.ts";
import { inTempFolder } from "../temp_folder.ts";
import { finishPackage } from "./finish.ts";
import { npmManifest } from "./manifest.ts";

/**
 * Builds the npm package with what Deno itself has for it and leaves its tarball in `folder`; the tarball's path.
 *
 * What the sources import of JSR is in it by its stand-in: npm has no such packages, and this is to work without JSR.
 */
export async function packNpm(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const destination = await Deno.realPath(folder);
  return await inTempFolder(async (work) => {
    const raw = `${work}/raw.tgz`;
    const flags = ["--no-source-maps", "--allow-dirty", "--output", raw];
    await output(deno, ["pack", ...await offlineArgs("pack"), ...flags]);
    await output("tar", ["-xzf", raw, "-C", work]);
    await removeSources(`${work}/package`);
    await inlineStandIns(`${work}/package`);
    await completeManifest(`${work}/package/package.json`);
    await finishPackage(`${work}/package`);
    await Deno.remove(`${work}/package/deno.json`);
    await Deno.copyFile("npm/README.md", `${work}/package/README.md`);
    const packed = await output("npm", ["pack", "--json", "--pack-destination", destination], {
      cwd: `${work}/package`,
    });
    const [{ filename }] = JSON.parse(packed);
    return `${destination}/${filename}`;
  });
}

/** `deno pack` adds each source that no entry leads to, as it is: nothing in the package can import those. */
async function removeSources(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await removeSources(path);
    else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) await Deno.remove(path);
  }
}

/** `deno pack` leaves imports as they are written: has them name the code of the stand-ins, which then lies under `deps/`. */
async function inlineStandIns(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/deps`);
  const places = Object.entries(standIns).map(([name, source]) => {
    const file = source.replace(/\.ts$/, ".js");
    return { name, from: `${folder}/${file}`, to: `deps/${file.replace(/^.*\//, "")}` };
  });
  for (const { from, to } of places) await Deno.rename(from, `${folder}/${to}`);
  await Deno.remove(`${folder}/tests`, { recursive: true });
  for await (const { path, up } of modulesOf(`${folder}/src`, "../")) {
    const text = await Deno.readTextFile(path);
    const inlined = places.reduce(
      (all, { name, to }) => all.replaceAll(`"${name}"`, `"${up}${to}"`),
      text,
    );
    if (inlined !== text) await Deno.writeTextFile(path, inlined);
  }
}

/** The modules of a folder, each with the way up from it. */
async function* modulesOf(folder: string, up: string): AsyncIterable<{ path: string; up: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* modulesOf(path, `${up}../`);
    else if (name.endsWith(".js")) yield { path, up };
  }
}

async function completeManifest(path: string): Promise<void> {
  const made = JSON.parse(await Deno.readTextFile(path));
  const complete = { ...made, ...npmManifest(await readProject(), made.exports["./cli"].import) };
  await Deno.writeTextFile(path, `${JSON.stringify(complete, null, 2)}\n`);
}
