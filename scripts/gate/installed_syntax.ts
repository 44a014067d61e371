import { transform } from "esbuild";
import { withEsbuild } from "../esbuild.ts";
import { oldestNode } from "../versions.ts";
import { filesIn } from "../tools.ts";
import type { Installed } from "./npm.ts";
import { none } from "./step.ts";

/**
 * Checks that the oldest Node can parse every file of the package, including files that no test
 * loads. It cannot parse `await using`.
 */
export async function checkSyntax({ project, folder }: Installed): Promise<void> {
  const faults = await withEsbuild(async () => {
    const files = await Array.fromAsync(filesIn(`${folder}/node_modules/${project.name}`));
    const paths = files.filter((path) => path.endsWith(".js"));
    const areTooNew = await Promise.all(
      paths.map(async (path) => await isTooNew(await Deno.readTextFile(path))),
    );
    return paths.filter((_, index) => areTooNew[index]).map((path) => path.slice(folder.length));
  });
  none(faults.map((path) => `Node ${oldestNode} cannot parse ${path}`));
}

/** Allowed, although esbuild changes it: some Unicode properties are newer than the syntax. */
const supported = { "regexp-unicode-property-escapes": true };

/** Returns true if esbuild changes the code for the oldest Node. */
export async function isTooNew(text: string): Promise<boolean> {
  const [old, now] = await Promise.all(
    [`node${oldestNode}`, "esnext"].map((target) => transform(text, { target, supported })),
  );
  return old?.code !== now?.code;
}
