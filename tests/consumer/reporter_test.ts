import assert from "node:assert/strict";
import { test } from "node:test";
import { Job, ServerError } from "../../mod.ts";
import type { Request } from "../../src/connection/request.ts";
import type { ConsumerEvents } from "../../src/consumer/events.ts";
import { Reporter } from "../../src/consumer/run/reporter.ts";
import { Emitter } from "../../src/events.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { monotonic } from "../../src/internal/monotonic_clock.ts";

function reporting() {
  const sent: Request[] = [];
  const unreported: unknown[] = [];
  let settled = 0;
  const events = new Emitter<ConsumerEvents>();
  events.on("unreported", ({ error }) => unreported.push(error));
  const reporter = new Reporter({
    connections: { sendResult: (request) => void sent.push(request) },
    events,
    monotonic: monotonic(new ManualClock(0)),
    serverClock: { now: () => 0, fresh: () => undefined },
    phase: "running",
    advance: () => void settled++,
  });
  const job = new Job("x", [], { jid: "jid-jid-1" });
  const finished = { job, jid: job.jid, deadline: 60_000 };
  const refused = { jid: "jid-jid-1", type: "Snooze", message: "later", backtrace: [] };
  reporter.requeued(finished, { waitMs: 5000, refused });
  return { sent, unreported, reporter, settled: () => settled };
}

test("the ACK of a requeued job is not sent when another worker may have the job", () => {
  const { sent, reporter, settled } = reporting();
  assert.deepEqual([sent[0]!.command.verb, sent[0]!.notAfter], ["PUSH", 60_000]);
  sent[0]!.resolve(undefined);
  assert.deepEqual([sent[1]!.command.verb, sent[1]!.notAfter], ["ACK", 5000]);
  assert.deepEqual([reporter.inFlight, settled()], [1, 0]);
  sent[1]!.resolve(undefined);
  assert.deepEqual([reporter.inFlight, settled(), sent.length], [0, 1, 2]);
});

test("a job that the server refuses to requeue fails, until its reservation ends", () => {
  const { sent, reporter, unreported } = reporting();
  sent[0]!.reject(new ServerError("ERR no"));
  assert.deepEqual([sent[1]!.command.verb, sent[1]!.notAfter], ["FAIL", 60_000]);
  const error = new ServerError("ERR no, again");
  sent[1]!.reject(error);
  assert.deepEqual([reporter.inFlight, unreported], [0, [error]]);
});
