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
 * Writes the npm package to the folder `to`, from the ES modules and declarations that a tool has
 * built in `from`. The modules are in `folder` of it: `.` or `./esm`. The result is the same for
 * each tool.
 */
export function completePackage(from: string, to: string, folder: string): Promise<void> {
  return withEsbuild(async () => {
    const files = await filesOf(await Deno.realPath(from), folder);
    for (const [file, text] of files) {
      await Deno.mkdir(`${to}/${file.replace(/[^/]*$/, "")}`, { recursive: true });
      await Deno.writeTextFile(`${to}/${file}`, text);
    }
    const texts: Record<string, string> = { ...TEXTS };
    for (const name of inlinedPackages) texts[`node_modules/${name}/LICENSE`] = `LICENSE.${name}`;
    for (const [source, name] of Object.entries(texts)) {
      await Deno.copyFile(source, `${to}/${name}`);
    }
  });
}

/** Returns the manifest, the code and the declarations, by their paths in the package. */
async function filesOf(root: string, folder: string): Promise<Map<string, string>> {
  const project = await readProject();
  const built = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  const imported: Readonly<Record<string, string>> = built.dependencies ?? {};
  const packages = Object.fromEntries(
    Object.entries(imported).filter(([name]) => !inlinedPackages.includes(name)),
  );
  const external = Object.keys(packages);
  const manifest = npmManifest(project, { folder, packages });
  const modules = moduleFiles(project, folder);
  const pairs = commonJsFiles(project).map((commonJs) => {
    const module = modules.find(({ name }) => name === commonJs.name)!;
    return { module, commonJs };
  });
  const entries = modules.map(({ code }) => code.slice("./".length));
  return new Map([
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    ...await bundleDeclarations(root, modules.map(({ types }) => types.slice("./".length))),
    ...await bundleModules(root, { main: entries[0]!, entries, packages: external }),
    ...await commonJsOf(root, pairs, external),
  ]);
}
