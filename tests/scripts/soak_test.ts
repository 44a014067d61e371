import assert from "node:assert/strict";
import { it } from "node:test";
import { Ledger } from "../../scripts/ledger.ts";

import { type End, findingsOf, type Sample, slopeOf } from "../../scripts/soak/verdict.ts";

const handles = { files: 20, resources: 3 };
const end: End = {
  ...{ before: handles, after: handles, sent: 100, refused: 0, missing: 0, twice: 0 },
  ...{ twiceInDoubt: 2, openedAndClosed: 5, errors: [] },
};

/** Two minutes in which memory moves to and fro, and grows by so many bytes a second. */
function samplesOf({ heap = 0, rss = 0, lagMs = 3 } = {}): Sample[] {
  return Array.from({ length: 24 }, (_, i): Sample => ({
    ...{ seconds: 5 * i, sent: 100 * i, done: 100 * i, inFlight: 0, handles, lost: 0 },
    heapBytes: 10e6 + (i % 3) * 200_000 + 5 * i * heap,
    rssBytes: 80e6 + (i % 3) * 2_000_000 + 5 * i * rss,
    lagMs: { p99: lagMs, max: 10 * lagMs },
  }));
}

function failing(samples: readonly Sample[], some: Partial<End> = {}): string[] {
  return findingsOf(samples, { ...end, ...some })
    .filter(({ holds }) => !holds)
    .map(({ what }) => what);
}

it("finds nothing where memory moves to and fro, and duplicates were in doubt", () => {
  assert.deepEqual(failing(samplesOf()), []);
});

it("finds memory that goes on growing, and not that which did so at first", () => {
  assert.deepEqual(failing(samplesOf({ heap: 50_000 })), ["heap does not grow"]);
  assert.deepEqual(failing(samplesOf({ rss: 300_000 })), ["resident memory does not grow"]);
  const settled = samplesOf().map((sample, i) =>
    i < 8 ? { ...sample, heapBytes: i * 1_000_000 } : sample
  );
  assert.deepEqual(failing(settled), []);
  const outage = samplesOf().map((sample, i) =>
    i < 20 ? sample : { ...sample, heapBytes: 20e6, inFlight: 1000 }
  );
  assert.deepEqual(failing(outage), []);
  assert.equal(failing(samplesOf().slice(0, 3)).length, 2);
});

it("finds handles that are left, a late event loop, and jobs lost or done twice", () => {
  const all = samplesOf();
  assert.equal(failing(all, { after: { files: 30, resources: 3 } }).length, 1);
  assert.equal(failing(all, { after: { files: undefined, resources: 4 } }).length, 1);
  assert.equal(failing(samplesOf({ lagMs: 150 })).length, 1);
  assert.deepEqual(failing(all, { missing: 1 }), ["no job is lost"]);
  assert.deepEqual(failing(all, { refused: 1 }), ["no job is lost"]);
  assert.equal(failing(all, { twice: 1, errors: ["Error: no"] }).length, 2);
});

it("fits a line by least squares", () => {
  assert.equal(slopeOf([[0, 1], [1, 3], [2, 5]]), 2);
  assert.equal(slopeOf([[0, 0], [1, 3], [2, 0]]), 0);
  assert.equal(slopeOf([[1, 3]]), 0);
});

it("keeps what became of each job", () => {
  const ledger = new Ledger(4);
  const [lost, twice, doubtful, refused] = [0, 1, 2, 3].map(() => ledger.send());
  ledger.confirm(lost!);
  ledger.confirm(twice!);
  ledger.lost();
  ledger.confirm(doubtful!);
  ledger.refuse(refused!);
  for (const job of [twice!, doubtful!]) {
    ledger.end(job);
    ledger.end(job);
  }
  assert.deepEqual([twice!, doubtful!].map((job) => ledger.isInDoubt(job)), [false, true]);
  const { missing, done, twiceInDoubt } = ledger;
  assert.deepEqual([missing, done, ledger.twice, twiceInDoubt, ledger.refused], [1, 2, 1, 1, 1]);
});

it("compares the confirmations with the jobs that a killed server has after its restart", () => {
  const ledger = new Ledger(6);
  const [waits, lost, completed, cameBack, inDoubt] = Array.from(
    { length: 6 },
    () => ledger.send(),
  );
  // The sixth enqueue was not confirmed: the server may have it or not.
  for (const job of [waits, lost, completed, cameBack, inDoubt]) ledger.confirm(job!);
  for (const job of [completed, cameBack, inDoubt]) ledger.acknowledge(job!);
  for (const job of [completed, cameBack]) ledger.end(job!);
  assert.deepEqual(ledger.compare([waits!, cameBack!]), { lost: 1, again: 1 });
  assert.deepEqual([ledger.confirmed, ledger.ending, ledger.done], [5, 3, 2]);
  assert.equal(ledger.violations.length, 2);
});
