import { deno, run } from "./command.ts";
import { corpusOutcome, readReport } from "./junit.ts";
import type { Step } from "./step.ts";

/** The one corpus under each of the runtimes. */
export function corpusSteps(): Step[] {
  return [
    corpusStep("deno", deno, (report) => ["test", "-A", `--junit-path=${report}`, "tests"]),
    // Not the bare `bun`: inside `deno task` that one runs in Deno.
    corpusStep("bun", "node_modules/.bin/bun", (report) => [
      ...["test", "./tests", "--reporter=junit", `--reporter-outfile=${report}`],
    ]),
    corpusStep("node", "node", (report) => [
      // Not with --test-force-exit: it exits before the report is written.
      ...["--import", "tsx", "--test"],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
      ...testFiles("tests"),
    ]),
  ];
}

function corpusStep(runtime: string, command: string, args: (report: string) => string[]): Step {
  return {
    name: `tests under ${runtime}`,
    async run() {
      const report = await Deno.makeTempFile({ suffix: ".xml" });
      try {
        const env = { FAKTORY_TEST_RUNTIME: runtime };
        const success = await run(command, args(report), { env });
        return corpusOutcome(readReport(await Deno.readTextFile(report)), success);
      } finally {
        await Deno.remove(report);
      }
    },
  };
}

function testFiles(folder: string): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return testFiles(path);
    return entry.name.endsWith("_test.ts") ? [path] : [];
  });
}
