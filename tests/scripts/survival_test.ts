import assert from "node:assert/strict";
import { test } from "node:test";
import { Confirmations, idOf, jobsIn } from "../../scripts/survival/confirmations.ts";

test("compares the confirmations with what a killed server has after its restart", () => {
  const confirmations = new Confirmations();
  const jobs = Array.from({ length: 6 }, () => confirmations.next());
  const [waits, lost, completed, cameBack, inDoubt] = jobs as [
    ...[number, number, number, number, number],
  ];
  // The sixth enqueue was not confirmed: the server may have it or not.
  for (const job of jobs.slice(0, 5)) confirmations.enqueued(job);
  for (const job of [completed, cameBack, inDoubt]) confirmations.completing(job);
  for (const job of [completed, cameBack]) confirmations.completed(job);

  const text = [waits, cameBack].map((job) => `{"jid":"${idOf(job)}"}`).join("\n");
  assert.deepEqual(confirmations.compare(jobsIn(text)), {
    enqueued: 5,
    completed: 2,
    lost: 1,
    again: 1,
  });
  assert.equal(lost, 1);
});
