import { deno, output } from "../command.ts";
import { readProject } from "../project.ts";
import { npmManifest } from "./manifest.ts";

/** Builds the npm package with what Deno itself has for it and leaves its tarball in `folder`; the tarball's path. */
export async function packNpm(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const destination = await Deno.realPath(folder);
  const work = await Deno.makeTempDir();
  try {
    const raw = `${work}/raw.tgz`;
    await output(deno, ["pack", "--no-source-maps", "--allow-dirty", "--output", raw]);
    await output("tar", ["-xzf", raw, "-C", work]);
    await removeSources(`${work}/package`);
    await completeManifest(`${work}/package/package.json`);
    await Deno.copyFile("npm/README.md", `${work}/package/README.md`);
    const packed = await output("npm", ["pack", "--json", "--pack-destination", destination], {
      cwd: `${work}/package`,
    });
    const [{ filename }] = JSON.parse(packed);
    return `${destination}/${filename}`;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** `deno pack` adds each source that no entry leads to, as it is: nothing in the package can import those. */
async function removeSources(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await removeSources(path);
    else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) await Deno.remove(path);
  }
}

async function completeManifest(path: string): Promise<void> {
  const made = JSON.parse(await Deno.readTextFile(path));
  const complete = { ...made, ...npmManifest(await readProject(), made.exports["./cli"].import) };
  await Deno.writeTextFile(path, `${JSON.stringify(complete, null, 2)}\n`);
}
