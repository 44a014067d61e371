import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMarker } from "../../src/protocol/cancellation.ts";
import { JobQueue } from "../../src/server/job_queue.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Inspector } from "../../src/server/inspect/inspector.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { slicesBy } from "../../src/server/slices.ts";
import { readJob } from "../../src/server/stored_job.ts";
import { startQuick } from "./quick.ts";

const FUTURE = "2099-01-01T00:00:00Z";

function state() {
  const clock = new ManualClock();
  const core = new ServerState({ clock }, { slices: slicesBy(clock) });
  const { manager, inspector } = core.context;
  const push = (jid: string, more: object = {}) =>
    manager.push(readJob(JSON.stringify({ jid, jobtype: "resize", args: [], ...more })));
  const fail = (jid: string, errtype: string, message: string) =>
    manager.fail({ jid, errtype, message, backtrace: ['"errtype":"decoy"'] });
  return { clock, core, manager, inspector, push, fail };
}

test("jobs are sorted by type, queue, error and attempts, in both directions", async () => {
  const { core, manager, inspector, push, fail } = state();
  // Text in the arguments, in custom or in a message that looks like a key is not one.
  const decoy = {
    jobtype: "aaa",
    queue: "aaa",
    jid: "aaa",
    deep: { queue: "a", jobtype: "a", jid: "a" },
  };
  push("job-no-1", { jobtype: "mail", queue: "b", args: [decoy], custom: decoy });
  push("job-no-2", { jobtype: "resize", queue: "a", args: ['"jobtype":"aaa"'] });
  push("job-no-3", { jobtype: 'a"b', queue: "c" });
  push("job-no-4", { jobtype: "mail", queue: "a" });
  for (
    const [jid, queue, error] of [
      ["job-no-1", "b", "TypeError"],
      ["job-no-2", "a", "RangeError"],
      ["job-no-3", "c", "Error"],
      ["job-no-4", "a", "RangeError"],
    ] as const
  ) {
    manager.fetches.fetch([queue], "w");
    fail(jid, error, jid === "job-no-2" ? 'a "quoted" text' : "a");
  }
  for (const { value } of manager.sets.retries.page(0, 9)) {
    if (!String(value).includes("job-no-3")) continue;
    manager.requeue(value);
  }
  manager.sets.retries.remove(manager.sets.retries.withJid("job-no-3")[0]!);
  manager.fetches.fetch(["c"], "w");
  fail("job-no-3", "Error", "again");

  const order = async (sort: "type" | "queue" | "error" | "attempts", newestFirst = false) => {
    const { jobs, sorted } = await inspector.jobs({ set: "retries", sort, newestFirst });
    assert.equal(sorted, 4);
    return jobs.map(({ jid }) => jid.at(-1)).join("");
  };
  assert.match(await order("type"), /^3(14|41)2$/);
  assert.match(await order("type", true), /^2(14|41)3$/);
  assert.match(await order("queue"), /^(24|42)13$/);
  assert.equal(await order("error"), "3421");
  assert.equal(await order("error", true), "1243");
  assert.match(await order("attempts"), /^3/);
  assert.match(await order("attempts", true), /3$/);
  core.close();
});

test("a sorted list is paged, filtered and bounded", async () => {
  const { core, push } = state();
  const more = { history: { read: () => ({ hour: [], week: [] }) }, batches: () => [] };
  const none = { recurring: () => [], progress: () => undefined };
  const inspector = new Inspector({ ...core.context, ...more, ...none }, undefined, 2000);
  for (let i = 0; i < 2050; i++) {
    const jobtype = `type-${String(i * 7919 % 2050).padStart(4, "0")}`;
    push(`sorted-job-${i}`, { jobtype, at: FUTURE, queue: i % 2 === 0 ? "even" : "odd" });
  }
  const query = { set: "scheduled", sort: "type", limit: 300 } as const;
  const seen: string[] = [];
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const page = await inspector.jobs({ ...query, offset });
    assert.deepEqual([page.total, page.sorted, page.searched], [2050, 2000, 2000]);
    seen.push(...page.jobs.map(({ type }) => type));
    offset = page.next;
  }
  assert.equal(seen.length, 2000);
  assert.deepEqual(seen, [...seen].sort());
  const oddQueue = await inspector.jobs({ ...query, queue: "odd" });
  assert.deepEqual([oddQueue.total, oddQueue.sorted, oddQueue.searched], [2050, 1025, 2050]);
  assert(oddQueue.jobs.every(({ queue }) => queue === "odd"));
  // deno-lint-ignore no-explicit-any
  const wrong = inspector.jobs({ set: "dead", sort: "size" as any });
  await assert.rejects(wrong, { code: "INVALID_FILTER" });
  core.close();
});

test("a job is taken out of a queue at any position, and the others keep their order", () => {
  const queue = new JobQueue();
  const model: number[] = [];
  let next = 1;
  const add = (count: number) => {
    for (let i = 0; i < count; i++) {
      queue.push(next);
      model.push(next++);
    }
  };
  const take = (row: number) => {
    const at = model.indexOf(row);
    if (at >= 0) model.splice(at, 1);
    assert.equal(queue.remove(row), at >= 0, `row ${row}`);
    assert.deepEqual([...queue.rows()], model);
    assert.equal(queue.length, model.length);
    assert.equal(queue.peek(), model[0]);
  };
  // Its parts have room for 8, 32 and 128 jobs.
  add(60);
  for (const row of [1, 60, 20, 20, 999]) take(row);
  // Empties a part in the middle, then the last one.
  for (let row = 9; row <= 40; row++) take(row);
  for (let row = 41; row <= 60; row++) take(row);
  add(20);
  assert.deepEqual([...queue.rows()], model);
  for (const row of model.splice(0)) assert.equal(queue.shift(), row);
  assert.equal(queue.shift(), undefined);
  add(1);
  take(next - 1);
  add(3);
  assert.equal(queue.shift(), model[0]);
});

test("jobs of a queue are discarded, killed and counted by their ids", async () => {
  const { core, manager, inspector, push } = state();
  for (let i = 0; i < 600; i++) push(`queued-job-${i}`, { queue: "images" });
  push("other-queue", { queue: "mail" });
  const select = (...jids: string[]) => ({ queue: "images", jids });
  const some = select("queued-job-0", "queued-job-599", "other-queue", "none-of-them");
  assert.equal(await inspector.count(some), 2);
  assert.equal(await inspector.change("discard", some), 2);
  assert.equal(await inspector.change("discard", some), 0);
  assert.equal(await inspector.change("kill", select("queued-job-300")), 1);
  assert.deepEqual([manager.queues.sizes(), manager.sets.dead.size], [{ images: 597, mail: 1 }, 1]);
  assert.match(String(manager.fetches.fetch(["images"], "w")), /queued-job-1"/);
  const wrong: unknown[] = [
    ...[{ queue: "images" }, { queue: "", jids: ["a"] }, { queue: "images", jids: [7] }],
    ...[{ ...select("a"), type: "x" }, { ...select("a"), all: true }, { jids: ["a"] }],
  ];
  for (const selection of wrong) {
    // deno-lint-ignore no-explicit-any
    const change = inspector.change("discard", selection as any);
    await assert.rejects(change, { code: "INVALID_FILTER" }, JSON.stringify(selection));
  }
  await assert.rejects(inspector.change("requeue", some), { code: "INVALID_FILTER" });
  core.close();
});

test("a job is cancelled at any place, and only a worker that runs it is notified", async () => {
  const { clock, core, manager, inspector, push } = state();
  const markers = () => manager.queues.names().filter((name) => parseMarker(name) !== undefined);
  push("queued-job");
  push("after-the-queued-job");
  push("scheduled-job", { at: FUTURE });
  push("dead-job-1", { retry: -1, queue: "dies" });
  manager.fetches.fetch(["dies"], "w");
  manager.fail({ jid: "dead-job-1", errtype: "E", message: "", backtrace: [] });
  assert.equal(await inspector.cancel("queued-job"), "queue");
  assert.equal(await inspector.cancel("scheduled-job"), "scheduled");
  assert.equal(await inspector.cancel("dead-job-1"), undefined);
  assert.equal(await inspector.cancel("none-of-them"), undefined);
  assert.deepEqual(markers(), []);
  assert.deepEqual([manager.sets.scheduled.size, manager.sets.dead.size], [0, 1]);
  assert.match(String(manager.fetches.fetch(["default"], "w")), /after-the-queued-job/);

  assert.equal(await inspector.cancel("after-the-queued-job"), "working");
  const [marker] = markers();
  assert.equal(parseMarker(marker!)?.jid, "after-the-queued-job");
  assert(parseMarker(marker!)!.expiresAt > clock.now() / 1000 + 60);
  assert.equal(manager.working, 0);
  assert.equal(manager.sets.retries.size, 0);
  assert.equal(inspector.attempts("after-the-queued-job")[0]?.errorType, "JobCancelled");
  // The worker reports a result of a job that no longer exists.
  manager.acknowledge("after-the-queued-job");
  core.close();
});

test("Enterprise's recurring jobs are listed with their next firings", async () => {
  const clock = new ManualClock(Date.parse("2027-01-30T12:34:56Z"));
  const job = { type: "report", args: [1], queue: "nights" };
  await using server = await startQuick({
    ...{ clock, edition: "enterprise" },
    cron: [
      { schedule: "*/30 * * * *", job: { type: "poll" } },
      { schedule: "0 3 29 2 *", job },
      { schedule: "@weekly", job },
      { schedule: "0 0 31 2 *", job },
    ],
  });
  const times = server.recurring().map(({ next }) => next.map((at) => at.toISOString()));
  assert.deepEqual(times, [
    ["2027-01-30T13:00:00.000Z", "2027-01-30T13:30:00.000Z", "2027-01-30T14:00:00.000Z"],
    ["2028-02-29T03:00:00.000Z", "2032-02-29T03:00:00.000Z", "2036-02-29T03:00:00.000Z"],
    ["2027-01-31T00:00:00.000Z", "2027-02-07T00:00:00.000Z", "2027-02-14T00:00:00.000Z"],
    [],
  ]);
  const [first, second] = server.recurring();
  assert.deepEqual([first?.schedule, first?.queue, first?.args], ["*/30 * * * *", "default", "[]"]);
  assert.deepEqual([second?.type, second?.queue, second?.args], ["report", "nights", "[1]"]);
});
