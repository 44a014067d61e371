import { test } from "node:test";
import fc from "fast-check";
import { environmentVariable } from "../../src/internal/environment.ts";
import { run } from "./differential_run.ts";
import { steps } from "./differential_steps.ts";
import { REFERENCE, subjects, unlessSince } from "./subject.ts";

/** Number of sequences. With a real server, ten thousand take a quarter of an hour. */
const count = Number(environmentVariable("FAKTORY_TEST_SEQUENCES") ?? 200);
const seed = Number(environmentVariable("FAKTORY_TEST_SEED") ?? 1);
const [, real] = subjects();
const skip = real === undefined
  ? "the comparison was skipped, as FAKTORY_TEST_URL names no real server"
  : unlessSince(real, REFERENCE);

test("sequences of commands keep every server's invariants", async () => {
  await fc.assert(fc.asyncProperty(steps, (all) => run(all, undefined)), {
    seed,
    numRuns: count,
    includeErrorInReport: true,
  });
});

test("sequences of commands get the same replies as on a real server", { skip }, async () => {
  await fc.assert(fc.asyncProperty(steps, (all) => run(all, real?.url)), {
    seed,
    numRuns: count,
    includeErrorInReport: true,
    interruptAfterTimeLimit: 3_600_000,
    markInterruptAsFailure: true,
  });
});
