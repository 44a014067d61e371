import assert from "node:assert/strict";
import { test } from "node:test";
import { Job, ServerError } from "../../mod.ts";
import type { Request } from "../../src/connection/request.ts";
import { Reporter } from "../../src/consumer/reporter.ts";

function reporting() {
  const sent: Request[] = [];
  const unreported: unknown[] = [];
  let settled = 0;
  const reporter = new Reporter({
    send: (request) => sent.push(request),
    settled: () => settled++,
    unreported: (_job, error) => unreported.push(error),
  });
  const finished = { job: new Job("x", [], { jid: "jid-jid-1" }), deadline: 60_000 };
  const failure = { jid: "jid-jid-1", type: "Snooze", message: "later", backtrace: [] };
  const job = { jid: "jid-jid-1", json: "{}" };
  reporter.again(finished, { job, failure, ackNotAfter: 5000 });
  return { sent, unreported, reporter, settled: () => settled };
}

test("the ACK of a job that was enqueued again is not sent once it may be another worker's", () => {
  const { sent, reporter, settled } = reporting();
  assert.deepEqual([sent[0]!.command.verb, sent[0]!.notAfter], ["PUSH", 60_000]);
  sent[0]!.resolve(undefined);
  assert.deepEqual([sent[1]!.command.verb, sent[1]!.notAfter], ["ACK", 5000]);
  assert.deepEqual([reporter.underWay, settled()], [1, 0]);
  sent[1]!.resolve(undefined);
  assert.deepEqual([reporter.underWay, settled(), sent.length], [0, 1, 2]);
});

test("a job that the server refuses to take again is failed, until its reservation ends", () => {
  const { sent, reporter, unreported } = reporting();
  sent[0]!.reject(new ServerError("ERR no"));
  assert.deepEqual([sent[1]!.command.verb, sent[1]!.notAfter], ["FAIL", 60_000]);
  const error = new ServerError("ERR no, again");
  sent[1]!.reject(error);
  assert.deepEqual([reporter.underWay, unreported], [0, [error]]);
});
