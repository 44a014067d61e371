import { deno, run } from "../command.ts";
import { jsrArgs } from "./jsr.ts";
import { corpusOutcome, readReport } from "./junit.ts";
import type { Step } from "./step.ts";

/** One test may take so long on a slow machine, in milliseconds; Node counts a whole file. */
const TEST_MS = 120_000;

/** A run that takes longer hangs. */
const RUN_MS = 600_000;

/** A step that is one run of a test runner. */
export interface TestRun {
  readonly name: string;
  readonly command: string;
  /** The arguments that make it write a JUnit report to this file. */
  args(report: string): string[] | Promise<string[]>;
  readonly env?: Record<string, string>;
}

/** A step whose tests count one by one. */
export function corpusStep({ name, command, args, env = {} }: TestRun): Step {
  return {
    name,
    async run() {
      const report = await Deno.makeTempFile({ suffix: ".xml" });
      try {
        const success = await run(command, await args(report), { env, timeoutMs: RUN_MS });
        return corpusOutcome(readReport(await Deno.readTextFile(report)), success);
      } finally {
        await Deno.remove(report);
      }
    },
  };
}

/** The one corpus under each of the runtimes. */
export const corpusRuns: readonly (TestRun & { readonly runtime: string })[] = [
  // Types were checked by a step of their own.
  corpusRun("deno", deno, async (report) => [
    ...["test", "-A", ...await jsrArgs("test"), "--no-check", `--junit-path=${report}`, "tests"],
  ]),
  // Not the bare `bun`, which runs in Deno inside `deno task`; npm's package calls it bun.exe on every system.
  corpusRun("bun", "node_modules/bun/bin/bun.exe", (report) => [
    ...["test", "./tests", `--timeout=${TEST_MS}`],
    ...["--reporter=junit", `--reporter-outfile=${report}`],
  ]),
  corpusRun("node", "node", (report) => [
    // Not with --test-force-exit: it exits before the report is written.
    // Two files at a time: most of a file is waiting, or starting.
    ...["--import", "tsx", "--test", "--test-concurrency=2", `--test-timeout=${TEST_MS}`],
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
    ...testFiles("tests"),
  ]),
];

function corpusRun(runtime: string, command: string, args: TestRun["args"]) {
  const env = { FAKTORY_TEST_RUNTIME: runtime };
  return { runtime, name: `tests under ${runtime}`, command, args, env };
}

function testFiles(folder: string): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return testFiles(path);
    return entry.name.endsWith("_test.ts") ? [path] : [];
  });
}
