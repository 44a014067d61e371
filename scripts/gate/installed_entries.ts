import { deepEqual, equal } from "node:assert/strict";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { jsrArgs } from "../offline.ts";
import { deno, output, type Project } from "../tools.ts";
import { oldestNode } from "../versions.ts";
import { run, type Runtime } from "./npm.ts";

/** Exports of each entry, by the name that a program imports. */
type Exported = Readonly<Record<string, readonly string[]>>;

/**
 * Lists the exports of all entries except the command, in a process that has stand-ins for JSR's
 * packages.
 */
export async function exportedBySources({ name, exports }: Project): Promise<Exported> {
  const entries = Object.entries(exports).filter(([entry]) => entry !== COMMAND_ENTRY);
  const sources = entries.map(([, file]) => new URL(`../../${file}`, import.meta.url).href);
  const args = ["run", "-A", ...await jsrArgs("run"), "tests/package/entries.mjs", ...sources];
  const { exported } = JSON.parse(await output(deno, args));
  return Object.fromEntries(
    entries.map(([entry], index) => [name + entry.slice(1), exported[sources[index]!]]),
  );
}

/**
 * Checks that each entry of the package in a folder can be imported and required, and has the same
 * exports as its source. Only the oldest Node, whose `require()` cannot load ES modules, gets other
 * classes by `require()` than by `import()`.
 */
export async function checkEntries(
  runtime: Runtime,
  folder: string,
  expected: Exported,
): Promise<void> {
  const ask = async (file: string) =>
    JSON.parse(await run(runtime, [file, ...Object.keys(expected)], folder));
  const imported = await ask("entries.mjs");
  equal(imported.runtime, runtime.is);
  deepEqual(imported.exported, expected, `imports under ${runtime.name}`);
  const required = await ask("require.cjs");
  const isOldest = runtime.version === `v${oldestNode}`;
  equal(required.isShared, !isOldest, `require() shares classes under ${runtime.name}`);
  deepEqual(required.exported, expected, `require() under ${runtime.name}`);
}
