import { bundleModules } from "./bundle.ts";
import { withOptionalPeers } from "./manifest.ts";

/** The last steps of building the npm package, in whichever way: its optional peers, and its modules in few files. */
export async function finishPackage(folder: string): Promise<void> {
  const path = `${folder}/package.json`;
  const manifest = withOptionalPeers(JSON.parse(await Deno.readTextFile(path)));
  await Deno.writeTextFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
  await bundleModules(await Deno.realPath(folder));
}

// A program as well: dnt runs without the configuration by which esbuild is found.
if (import.meta.main) await finishPackage(Deno.args[0]!);
