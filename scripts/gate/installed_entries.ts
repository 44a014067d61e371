import { deno, output } from "../command.ts";
import { oldestNode } from "../node_versions.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import type { Project } from "../project.ts";
import { program, type Runtime } from "./installed.ts";
import { jsrArgs } from "./jsr.ts";
import { fail, type Outcome, pass } from "./step.ts";

/** What each entry exports, by the name that a program imports. */
type Exported = Readonly<Record<string, readonly string[]>>;

/** Where the package is installed, and what its entries must export. */
interface Expected {
  readonly folder: string;
  readonly expected: Exported;
}

/** What the sources of the entries but the command export. In a process of its own: this one may have no stand-in for JSR's packages. */
export async function exportedBySources({ name, exports }: Project): Promise<Exported> {
  const entries = Object.entries(exports).filter(([entry]) => entry !== COMMAND_ENTRY);
  const sources = entries.map(([, file]) => new URL(`../../${file}`, import.meta.url).href);
  const args = ["run", "-A", ...await jsrArgs("run"), "tests/package/entries.mjs", ...sources];
  const { exported } = JSON.parse(await output(deno, args));
  return Object.fromEntries(
    entries.map(([entry], index) => [name + entry.slice(1), exported[sources[index]!]]),
  );
}

/** Each entry can be imported, and exports what its source does. */
export async function checkImports(runtime: Runtime, where: Expected): Promise<Outcome> {
  const printed = await runEntries("entries.mjs", { runtime, where });
  return printed.runtime === runtime.is
    ? compare(`imported under ${runtime.name}`, printed.exported, where.expected)
    : fail(`it is ${printed.runtime} that ran, not ${runtime.name}`);
}

/**
 * The same by `require()`, and a job. Only the oldest Node, which cannot load ES modules by it, gets other classes than by
 * `import()`.
 */
export async function checkRequires(runtime: Runtime, where: Expected): Promise<Outcome> {
  const { isShared, exported } = await runEntries("require.cjs", { runtime, where });
  if (isShared === (runtime.version === `v${oldestNode}`)) {
    return fail(`under ${runtime.name}, require() and import() share classes: ${isShared}`);
  }
  return compare(`required under ${runtime.name}`, exported, where.expected);
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

function compare(how: string, exported: Exported, expected: Exported): Outcome {
  const faults = Object.entries(expected).flatMap(([name, wanted]) => {
    const got = exported[name];
    const fault = `${name} ${how} exports ${got}, and its source ${wanted}`;
    return got?.join() === wanted.join() ? [] : [fault];
  });
  return faults.length === 0
    ? { ...pass, passed: Object.keys(expected).length }
    : fail(faults.join("; "));
}
