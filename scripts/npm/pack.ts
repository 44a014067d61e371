/**
 * `deno task pack [FOLDER]`: builds the npm package as a tarball, without JSR, by default in
 * `npm/dist`.
 */

import { deno, filesIn, inTempFolder, output } from "../tools.ts";
import { offlineArgs, standIns } from "../offline.ts";
import { runMain } from "../usage.ts";
import { completePackage } from "./complete.ts";

/**
 * Builds the npm package with Deno's own tools and returns the path of its tarball in `folder`. It
 * contains the stand-ins for JSR's packages, because npm does not have those.
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
    await completePackage(`${work}/package`, ".");
    const packed = await output("npm", ["pack", "--json", "--pack-destination", destination], {
      cwd: `${work}/package`,
    });
    const [{ filename }] = JSON.parse(packed);
    return `${destination}/${filename}`;
  });
}

/**
 * Removes files that `deno pack` adds and nothing uses: Deno's configuration, and sources that no
 * entry imports.
 */
async function removeSources(folder: string): Promise<void> {
  await Deno.remove(`${folder}/deno.json`);
  for await (const path of filesIn(folder)) {
    if (/(?<!\.d)\.ts$/.test(path)) await Deno.remove(path);
  }
}

/**
 * Makes the imports of stand-ins point to their code, which is moved to `deps/`. `deno pack` does
 * not rewrite imports.
 */
async function inlineStandIns(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/deps`);
  const places: [name: string, to: string][] = [];
  for (const [name, source] of Object.entries(standIns)) {
    const file = source.replace(/\.ts$/, ".js");
    const to = `deps/${file.replace(/^.*\//, "")}`;
    await Deno.rename(`${folder}/${file}`, `${folder}/${to}`);
    places.push([name, to]);
  }
  await Deno.remove(`${folder}/tests`, { recursive: true });
  for await (const path of filesIn(`${folder}/src`)) {
    if (!path.endsWith(".js")) continue;
    const up = "../".repeat(path.slice(folder.length).split("/").length - 2);
    const text = await Deno.readTextFile(path);
    let inlined = text;
    for (const [name, to] of places) inlined = inlined.replaceAll(`"${name}"`, `"${up}${to}"`);
    if (inlined !== text) await Deno.writeTextFile(path, inlined);
  }
}

if (import.meta.main) {
  const help = "deno task pack [FOLDER]\n\nBuilds the npm package, by default in npm/dist.";
  await runMain({ help, maxArguments: 1 }, async (_values, [folder = "npm/dist"]) => {
    console.log(await packNpm(folder));
  });
}
