/** Writes the script of `isolated`'s threads as text, to `src/consumer/isolated/boot.ts`. */

import { readFile, writeFile } from "node:fs/promises";
import { transform } from "esbuild";
import { withEsbuild } from "./esbuild.ts";

const FOLDER = "src/consumer/isolated";

export async function bootFile(): Promise<string> {
  const source = await readFile(`${FOLDER}/thread_main.ts`, "utf8");
  const { code } = await withEsbuild(() => transform(source, { loader: "ts", target: "es2022" }));
  if (code.includes("`")) throw new Error("The script has a template string");
  return `/**
 * Returns the script that runs in each thread. Generated from \`thread_main.ts\` by
 * \`scripts/thread_script.ts\`: do not edit.
 *
 * A function, because a template string created at import time would stay in every bundle.
 */
export function bootText(): string {
  return String.raw\`
(() => {
${code.trimEnd()}
})();
//# sourceURL=faktory-isolated-thread.js
\`;
}
`;
}

if (import.meta.main) {
  void bootFile().then((text) => writeFile(`${FOLDER}/boot.ts`, text));
}
