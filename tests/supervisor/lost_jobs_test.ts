import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../src/events.ts";
import { ManualClock } from "../../src/server/mod.ts";
import type { SupervisorEvents } from "../../src/supervisor/mod.ts";
import { type CommandSender, LostJobs } from "../../src/supervisor/lost_jobs.ts";

const exit = {
  ...{ index: 1, pid: 4711, code: undefined, signal: "SIGKILL", error: undefined },
  ...{ startedAt: new Date(0), endedAt: new Date(1) },
};
const [one, two] = ["job-one-", "job-two-"].map((jid) => ({ jid, type: "x", queue: "q" })) as [
  ...[{ jid: string; type: string; queue: string }, { jid: string; type: string; queue: string }],
];

function setUp(command: CommandSender["command"]) {
  const events = new Emitter<SupervisorEvents>();
  const lostEvents: SupervisorEvents["lost"][] = [];
  events.on("lost", (detail) => void lostEvents.push(detail));
  const clock = new ManualClock();
  return { lostEvents, clock, lost: new LostJobs({ command }, events, clock) };
}

test("each job fails with the end of its process as its error", async () => {
  const sent: unknown[] = [];
  const { lostEvents, lost } = setUp((...args) => Promise.resolve(sent.push(args)));
  lost.report(exit, [one, two]);
  lost.report({ ...exit, signal: undefined, code: 137 } as never, [two]);
  lost.report(exit, []);
  await lost.settle();
  const message = (end: string) => `Process 4711 ${end} while it ran the job`;
  const fail = (jid: string, end: string) => [
    "FAIL",
    JSON.stringify({ jid, errtype: "ProcessDied", message: message(end), backtrace: [] }),
    { resend: "safe" },
  ];
  assert.deepEqual(sent, [
    ...[
      fail(one.jid, "was ended by SIGKILL"),
      fail(two.jid, "was ended by SIGKILL"),
      fail(two.jid, "exited with status 137"),
    ],
  ]);
  assert.deepEqual(
    lostEvents.map(({ jobs, failed, error }) => [jobs.length, failed.length, error]),
    [
      ...[[2, 2, undefined], [1, 1, undefined]],
    ],
  );
});

test("refused reports are emitted, with the first reason", async () => {
  const reason = new Error("Job not found");
  const { lostEvents, lost } = setUp((_verb, payload) =>
    payload.includes(one.jid) ? Promise.reject(reason) : Promise.resolve()
  );
  lost.report(exit, [one, two]);
  await lost.settle();
  const { error, ...rest } = lostEvents[0]!;
  assert.equal(error, reason);
  assert.deepEqual(rest, { index: 1, pid: 4711, jobs: [one, two], failed: [two] });
});

test("an unresponsive server is waited for, for five seconds", async () => {
  const { lostEvents, clock, lost } = setUp(() => new Promise(() => {}));
  await lost.settle();
  lost.report(exit, [one]);
  const settled = lost.settle();
  clock.advance(5000);
  await settled;
  assert.deepEqual(lostEvents, []);
});
