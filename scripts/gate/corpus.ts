import { pathToFileURL } from "node:url";
import { deno, filesIn, inTempFolder, outputs } from "../tools.ts";
import { jsrArgs } from "../offline.ts";
import { skip, type Step } from "./step.ts";

/** Time limit of one test on a slow machine, in ms. */
const TEST_MS = 120_000;

/** Number of files that Node runs in one process, with a time limit for all of them. */
const GROUP = 8;
const GROUP_MS = 300_000;

const RUN_MS = 20 * 60_000;

/** A test runner: its command and the format of its report. */
interface Runner {
  readonly command: string;
  readonly args: readonly string[];
  /** The number of tests that passed. */
  readonly passed: RegExp;
  /** A skipped test, with its reason if the report has one. */
  readonly skipped: RegExp;
}

const runners = {
  deno: {
    command: deno,
    args: ["test", "-A"],
    passed: /(\d+) passed/,
    skipped: /^ *(.*) \.\.\. ignored/gm,
  },
  bun: {
    // Inside `deno task`, a plain `bun` runs in Deno. npm's package calls the binary bun.exe on
    // every system.
    command: "node_modules/bun/bin/bun.exe",
    args: ["test", `--timeout=${TEST_MS}`],
    passed: /^ *(\d+) pass$/m,
    skipped: /^\(skip\) (.*)/gm,
  },
  node: {
    command: "node",
    // Two processes at a time, because tests mostly wait. Without --test-force-exit, which
    // truncates the report.
    args: [
      ...["--import", "tsx", "--test", "--test-concurrency=2", `--test-timeout=${GROUP_MS}`],
      "--test-reporter=spec",
    ],
    passed: /pass (\d+)$/m,
    skipped: /^ *﹣ (.*)/gm,
  },
} satisfies Record<string, Runner>;

/** Lines about tests that did not fail. They are removed from the report of a failed run. */
const NOT_FAILED = /^ *(?:✔|﹣|\(pass\)|\(skip\)) .*\n|^.* \.\.\. (?:ok|ignored) \(.*\n/gm;

/** The runtimes that the tests run under. */
export type TestRuntime = keyof typeof runners;

/** Runs tests with a runtime's own runner. Returns the number of passed tests. */
export async function runTests(
  runtime: TestRuntime,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const { command, args: first, passed, skipped } = runners[runtime];
  const options = { env: { ...env, NO_COLOR: "1" }, timeoutMs: RUN_MS };
  const { stdout, stderr } = await outputs(command, [...first, ...args], options)
    .catch(({ message }) => {
      throw new Error(message.replaceAll(NOT_FAILED, ""));
    });
  const text = `${stdout}\n${stderr}`;
  // Some runners list skipped tests again at the end.
  const names = new Set([...text.matchAll(skipped)].map(([, name]) => name));
  for (const name of names) skip(`${runtime}: ${name}`);
  // The last match, because a test may print the report of another run.
  const count = Number([...text.matchAll(RegExp(passed, "gm"))].at(-1)?.[1] ?? 0);
  // A run without tests must not pass.
  if (count === 0) throw new Error(`no test passed under ${runtime}: ${text}`);
  return count;
}

/** Runs all tests under one runtime. */
export function corpusStep(runtime: TestRuntime): Step {
  return {
    name: `tests under ${runtime}`,
    run: () =>
      inTempFolder(async (folder) => {
        const args = {
          // Another step checks the types.
          deno: async () => [...await jsrArgs("test"), "--no-check", "tests"],
          bun: () => ["./tests"],
          node: () => writeGroups(folder),
        }[runtime];
        return await runTests(runtime, await args(), { FAKTORY_TEST_RUNTIME: runtime });
      }),
  };
}

/**
 * Writes modules that import a few test files of a folder each, and returns their paths. Node
 * starts a process for each path, and loading the package takes longer than most tests.
 */
async function writeGroups(folder: string): Promise<string[]> {
  const files = (await filesIn("tests")).filter((path) => path.endsWith("_test.ts"));
  const paths: string[] = [];
  for (const [name, some] of Map.groupBy(files, (path) => path.split("/")[1])) {
    for (let at = 0; at < some.length; at += GROUP) {
      const path = `${folder}/${name}_${at}.mjs`;
      const urls = some.slice(at, at + GROUP).map((file) => pathToFileURL(file));
      await Deno.writeTextFile(path, urls.map((url) => `import "${url}";\n`).join(""));
      paths.push(path);
    }
  }
  return paths;
}

/**
 * Checks with Deno's sanitizers that everything opened is closed. Only Deno has sanitizers; the
 * other runtimes run `tests/leaks/leaks_test.ts`.
 */
export const leakStep: Step = {
  name: "leaks",
  async run() {
    const folder = "tests/leaks";
    const args = ["--no-check", "--trace-leaks", `${folder}/sanitized.deno.ts`];
    const passed = await runTests("deno", args);
    // Every test of this file has to fail, as the sanitizers find the planted leaks.
    const planted = ["test", "-A", "--no-check", `${folder}/planted.deno.ts`];
    const report = await outputs(deno, planted, { env: { NO_COLOR: "1" } })
      .then(({ stdout }) => stdout, String);
    if (/ 0 passed.* [1-9]\d* failed/.test(report)) return passed;
    throw new Error(`planted leaks were not found: ${report}`);
  },
};
