import { deepEqual, equal } from "node:assert/strict";
import { deno, output, type Project } from "../tools.ts";
import { oldestNode } from "../versions.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { jsrArgs } from "../offline.ts";
import { program, type Runtime } from "./npm.ts";

/** Exports of each entry, by the name that a program imports. */
type Exported = Readonly<Record<string, readonly string[]>>;

/** The folder with the package, and the exports that its entries must have. */
interface Expected {
  readonly folder: string;
  readonly expected: Exported;
}

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

/** Checks that each entry can be imported and has the same exports as its source. */
export async function checkImports(runtime: Runtime, where: Expected): Promise<void> {
  const printed = await runEntries("entries.mjs", { runtime, where });
  equal(printed.runtime, runtime.is);
  deepEqual(printed.exported, where.expected, `imports under ${runtime.name}`);
}

/**
 * Checks the same with `require()`. Only the oldest Node, whose `require()` cannot load ES modules,
 * gets other classes than from `import()`.
 */
export async function checkRequires(runtime: Runtime, where: Expected): Promise<void> {
  const { isShared, exported } = await runEntries("require.cjs", { runtime, where });
  const isOldest = runtime.version === `v${oldestNode}`;
  equal(isShared, !isOldest, `require() and import() share classes under ${runtime.name}`);
  deepEqual(exported, where.expected, `require() under ${runtime.name}`);
}

async function runEntries(
  file: string,
  { runtime, where: { folder, expected } }: {
    readonly runtime: Runtime;
    readonly where: Expected;
  },
): Promise<{ runtime?: string; isShared?: boolean; exported: Exported }> {
  const { command, args, env } = program(runtime, [file, ...Object.keys(expected)]);
  return JSON.parse(await output(command, args, { cwd: folder, env }));
}
