import { withEsbuild } from "../esbuild.ts";
import { readProject } from "../tools.ts";
import { bundleModules } from "./bundle.ts";
import { commonJsOf } from "./common_js.ts";
import { bundleDeclarations } from "./declarations.ts";
import { commonJsFiles, inlinedPackages, moduleFiles, npmManifest } from "./manifest.ts";

/** Files of the package besides code, by their paths in the repository. */
const TEXTS: Readonly<Record<string, string>> = {
  "npm/README.md": "README.md",
  ...{ "CHANGELOG.md": "CHANGELOG.md", LICENSE: "LICENSE" },
};

/**
 * Turns the ES modules and declarations that a tool has built in `path` into the npm package. The
 * modules are in `folder` of it: `.` or `./esm`. The result is the same for each tool.
 */
export function completePackage(path: string, folder: string): Promise<void> {
  return withEsbuild(() => complete(path, folder));
}

async function complete(path: string, folder: string): Promise<void> {
  const root = await Deno.realPath(path);
  const project = await readProject();
  const built = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  const imported: Readonly<Record<string, string>> = built.dependencies ?? {};
  const packages = Object.fromEntries(
    Object.entries(imported).filter(([name]) => !inlinedPackages.includes(name)),
  );
  const manifest = npmManifest(project, { folder, packages });
  await Deno.writeTextFile(`${root}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);

  const modules = moduleFiles(project, folder);
  await bundleDeclarations(root, modules.map(({ types }) => types.slice("./".length)));
  const requirable = commonJsFiles(project);
  const pairs = requirable.map((commonJs) => {
    const module = modules.find(({ name }) => name === commonJs.name)!;
    return { module, commonJs };
  });
  // From the original modules, because the bundler renames classes in code that is bundled already.
  const commonJs = await commonJsOf(root, pairs, Object.keys(packages));
  const entries = modules.map(({ code }) => code.slice("./".length));
  await bundleModules(root, { main: entries[0]!, entries, packages: Object.keys(packages) });
  for (const [file, text] of commonJs) {
    await Deno.mkdir(`${root}/${file.replace(/[^/]*$/, "")}`, { recursive: true });
    await Deno.writeTextFile(`${root}/${file}`, text);
  }
  const texts: Record<string, string> = { ...TEXTS };
  for (const name of inlinedPackages) texts[`node_modules/${name}/LICENSE`] = `LICENSE.${name}`;
  for (const [from, to] of Object.entries(texts)) await Deno.copyFile(from, `${root}/${to}`);
}
