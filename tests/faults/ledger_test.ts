import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentVariable } from "../../src/internal/environment.ts";
import { type Entry, keepLedger, type Ledger } from "./ledger.ts";

/** Number of seeds of each test. The gate uses few. */
const SEEDS = Number(environmentVariable("FAKTORY_TEST_SEEDS") ?? 1);
const JOBS = Number(environmentVariable("FAKTORY_TEST_JOBS") ?? 20_000);
const FIRST_SEED = Number(environmentVariable("FAKTORY_TEST_FIRST_SEED") ?? 20_261_125);

function count(ledger: Ledger, matches: (entry: Entry) => boolean): number {
  return [...ledger.entries.values()].filter(matches).length;
}

function tell(name: string, seed: number, ledger: Ledger): void {
  const { faults, left, dead, seconds } = ledger;
  const counts = {
    jobs: ledger.entries.size,
    had: count(ledger, ({ enqueue }) => enqueue === "had"),
    notSent: count(ledger, ({ enqueue }) => enqueue === "not-sent"),
    unknown: count(ledger, ({ enqueue }) => enqueue === "unknown"),
    pushedAgain: count(ledger, ({ pushes }) => pushes > 1),
    runs: [...ledger.entries.values()].reduce((sum, { runs }) => sum + runs, 0),
    ranTwice: count(ledger, ({ kind, runs }) => kind === "works" && runs > 1),
    ranTwiceThoughSentOnce: count(
      ledger,
      ({ kind, runs, pushes }) => kind === "works" && runs > 1 && pushes <= 1,
    ),
    doubts: count(ledger, ({ doubts }) => doubts > 0),
    dead,
    ...left,
  };
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  console.log(
    `${name}, seed ${seed}, ${seconds} s by the clock, up to ${ledger.connections} connections`,
    counts,
    `${struck} faults`,
    faults,
  );
}

/** Returns some of the entries that break a rule. */
function breaches(ledger: Ledger, isRight: (entry: Entry) => boolean): [string, Entry][] {
  return [...ledger.entries].filter(([, entry]) => !isRight(entry)).slice(0, 3);
}

/** A job that always fails has one run and three retries. */
const RUNS = { works: 1, flaky: 2, fails: 4 };

const DAY_MS = 86_400_000;

/**
 * Number of jobs, and the time by which the server's clock is ahead, as clocks of two machines
 * seldom agree.
 */
const RUNS_OF_SEED: readonly [jobs: number, serverAheadMs: number, name: string][] = [
  [JOBS, 0, ""],
  [JOBS / 10, DAY_MS, ", the server a day ahead"],
  [JOBS / 10, -DAY_MS, ", the server a day behind"],
];

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  for (const [jobs, serverAheadMs, name] of RUNS_OF_SEED) {
    test(`${jobs} jobs, every fault, seed ${seed}${name}: none lost or repeated`, async () => {
      const ledger = await keepLedger({ seed, jobs, serverAheadMs, delivery: "at-least-once" });
      tell("at least once", seed, ledger);
      const holds = (rule: string, isRight: (entry: Entry) => boolean) =>
        assert.deepEqual(breaches(ledger, isRight), [], `seed ${seed}: ${rule}`);
      holds("every enqueue is settled", ({ enqueue }) => enqueue !== undefined);
      holds("an enqueued job has run", ({ enqueue, runs }) => enqueue !== "had" || runs > 0);
      holds(
        "a job that never fails gets no FAIL",
        ({ kind, fails }) => kind !== "works" || fails === 0,
      );
      holds(
        "a job that always fails gets no ACK",
        ({ kind, acks }) => kind !== "fails" || acks === 0,
      );
      holds(
        "only a resent job, or one with an unconfirmed result, runs again",
        ({ kind, runs, pushes, doubts }) => runs <= RUNS[kind] * Math.max(1, pushes) + doubts,
      );
      assert.deepEqual(ledger.left, { working: 0, queued: 0, retries: 0 });
      if (jobs === JOBS) assert(Object.keys(ledger.faults).length >= 12, "too tame a test");
    });
  }

  test(`${JOBS} jobs at most once, seed ${seed}: none is stored twice`, async () => {
    const ledger = await keepLedger({ seed, jobs: JOBS, delivery: "at-most-once" });
    tell("at most once", seed, ledger);
    const holds = (rule: string, isRight: (entry: Entry) => boolean) =>
      assert.deepEqual(breaches(ledger, isRight), [], `seed ${seed}: ${rule}`);
    holds("every enqueue is settled", ({ enqueue }) => enqueue !== undefined);
    holds("no job is stored twice", ({ kind, runs }) => runs <= RUNS[kind]);
    holds("no job is sent twice", ({ pushes }) => pushes <= 1);
    holds("an enqueued job has run", ({ enqueue, runs }) => enqueue !== "had" || runs > 0);
    holds(
      "a job that was not sent has not run",
      ({ enqueue, runs }) => enqueue !== "not-sent" || runs === 0,
    );
    assert.deepEqual(ledger.left, { working: 0, queued: 0, retries: 0 });
  });
}
