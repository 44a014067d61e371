import { outputs } from "../tools.ts";
import { runTests } from "./corpus.ts";
import type { Step } from "./step.ts";

/**
 * Runs Deno's sanitizers over what is opened and ended. Only Deno has them; others have
 * `tests/leaks/leaks_test.ts`.
 */
export const leakStep: Step = {
  name: "leaks",
  async run() {
    const passed = await runTests("deno", [
      "--no-check",
      "--trace-leaks",
      "tests/leaks/sanitized.deno.ts",
    ]);
    await findPlanted();
    return passed;
  },
};

/** The sanitizers find leaks that are there: every test of that file has to fail. */
async function findPlanted(): Promise<void> {
  const args = ["test", "-A", "--no-check", "tests/leaks/planted.deno.ts"];
  const report = await outputs(Deno.execPath(), args, { env: { NO_COLOR: "1" } })
    .then(({ stdout }) => stdout, String);
  if (!/ 0 passed.* [1-9]\d* failed/.test(report)) {
    throw new Error(`planted leaks were not found: ${report}`);
  }
}
