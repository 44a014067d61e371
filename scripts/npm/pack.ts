/**
 * `deno task pack [FOLDER]`: builds the npm package as a tarball, without JSR, by default in
 * `npm/dist`.
 */

import { deno, inTempFolder, output } from "../tools.ts";
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
    await placeStandIns(`${work}/package`);
    await completePackage(`${work}/package`, `${work}/complete`, ".");
    return await npmPack(`${work}/complete`, destination);
  });
}

/** Packs a folder with npm, and returns the path of the tarball in `destination`. */
export async function npmPack(cwd: string, destination: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", destination];
  const [{ filename }] = JSON.parse(await output("npm", args, { cwd }));
  return `${destination}/${filename}`;
}

/** Moves the stand-ins to where the bundler looks for the packages that they stand for. */
async function placeStandIns(folder: string): Promise<void> {
  for (const [name, source] of Object.entries(standIns)) {
    const path = `${folder}/node_modules/${name}.js`;
    await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
    await Deno.rename(`${folder}/${source.replace(/\.ts$/, ".js")}`, path);
  }
}

if (import.meta.main) {
  const help = "deno task pack [FOLDER]\n\nBuilds the npm package, by default in npm/dist.";
  await runMain({ help, maxArguments: 1 }, async (_values, [folder = "npm/dist"]) => {
    console.log(await packNpm(folder));
  });
}
