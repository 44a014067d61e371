import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { Attempts } from "../../src/server/attempts.ts";
import { Reservation } from "../../src/server/reservation.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { slicesBy } from "../../src/server/slices.ts";
import { SortedSet } from "../../src/server/sorted_set.ts";
import { nullStore, type Store } from "../../src/server/store/store.ts";
import { readJob, type StoredFailure } from "../../src/server/stored_job.ts";
import { noSqlite, withFolder } from "./data.ts";
import { startQuick } from "./quick.ts";

function state() {
  const clock = new ManualClock();
  const core = new ServerState({ clock }, { slices: slicesBy(clock) });
  const { manager, inspector } = core.context;
  const push = (jid: string, more: object = {}) =>
    manager.push(readJob(JSON.stringify({ jid, jobtype: "resize", args: [], ...more })));
  const fail = (jid: string, message: string) =>
    manager.fail({ jid, errtype: "RangeError", message, backtrace: ["at x"] });
  return { clock, core, manager, inspector, push, fail };
}

test("each failed attempt of a job is stored, and the success after them", () => {
  const { clock, core, manager, inspector, push, fail } = state();
  const start = clock.now();
  push("the-one-job");
  push("another-job");
  for (const message of ["first", "second"]) {
    manager.fetches.fetch(["default"], `worker of the ${message}`);
    clock.advance(1000);
    fail("the-one-job", message);
    for (const { value } of manager.sets.retries.page(0, 9)) manager.requeue(value);
    manager.sets.retries.takeUntil(Infinity);
    // The other job, which never fails, is fetched first.
    manager.fetches.fetch(["default"], "x");
    manager.acknowledge("another-job");
    push("another-job");
  }
  manager.fetches.fetch(["default"], "the last worker");
  manager.fetches.fetch(["default"], "the last worker");
  clock.advance(2000);
  manager.acknowledge("the-one-job");
  assert.deepEqual(
    inspector.attempts("the-one-job").map((
      one,
    ) => [one.attempt, one.result, one.errorType, one.message, one.worker]),
    [
      [1, "retry", "RangeError", "first", "worker of the first"],
      [2, "retry", "RangeError", "second", "worker of the second"],
      [3, "success", undefined, undefined, "the last worker"],
    ],
  );
  const [first, , last] = inspector.attempts("the-one-job");
  assert.deepEqual(first?.startedAt, new Date(start));
  assert.equal(last!.endedAt.getTime() - last!.startedAt!.getTime(), 2000);
  assert.deepEqual(inspector.attempts("another-job"), []);
  manager.flush();
  assert.deepEqual(inspector.attempts("the-one-job"), []);
  core.close();
});

test("an attempt records the job's next step, even if its reservation expired", () => {
  const { clock, core, manager, inspector, push, fail } = state();
  push("dies-at-once", { retry: -1 });
  push("dropped-job", { retry: 0 });
  push("silent-job", { reserve_for: 60 });
  for (let i = 0; i < 3; i++) manager.fetches.fetch(["default"], "w");
  fail("dies-at-once", "x".repeat(2000));
  fail("dropped-job", "y");
  clock.advance(75_000);
  const ends = ["dies-at-once", "dropped-job", "silent-job"].map((jid) => {
    const [{ result, errorType, message = "" } = {}, ...more] = inspector.attempts(jid);
    assert.deepEqual(more, []);
    return [result, errorType, message.length];
  });
  assert.deepEqual(ends, [
    ["dead", "RangeError", 300],
    ["dropped", "RangeError", 1],
    ["retry", "ReservationExpired", "Faktory job reservation expired".length],
  ]);
  core.close();
});

const noted: StoredFailure = {
  ...{ failed_at: "", next_at: "", message: "m", errtype: "E", backtrace: [] },
  ...{ retry_count: 0, remaining: 25 },
};

function reservation(jid: string): Reservation {
  const payload = JSON.stringify({ jid, queue: "q", jobtype: "t", args: [] });
  const made = new Reservation({ row: 1, jid, payload, wid: "w" });
  made.entry = new SortedSet<Reservation>().add(1_800_000, made);
  return made;
}

test("new attempts replace the oldest ones", () => {
  const attempts = new Attempts(new ManualClock(), nullStore, 100);
  for (let i = 0; i < 1000; i++) attempts.failed(reservation(`job-${i % 250}`), noted, "retries");
  const kept = Array.from({ length: 250 }, (_, i) => attempts.of(`job-${i}`).length);
  assert.deepEqual(kept, Array.from({ length: 250 }, (_, i) => i < 150 ? 0 : 1));
  for (let i = 0; i < 200; i++) attempts.failed(reservation("the-same-job"), noted, "retries");
  assert.equal(attempts.of("the-same-job").length, 100);
  assert.deepEqual(attempts.of("job-249"), []);
});

test("attempts survive a restart of a server with data", { skip: noSqlite }, async () => {
  await withFolder(async (data) => {
    for (const start of [0, 1]) {
      await using server = await startQuick({ data });
      assert.equal(server.attempts("kept-job").length, start);
      await using producer = await Producer.connect({ url: server.url });
      if (start === 0) await producer.enqueue("resize", [], { jid: "kept-job" });
      const consumer = new Consumer({ url: server.url });
      consumer.register("resize", () => {
        if (start === 0) throw new RangeError("no such picture");
      });
      if (start === 1) await server.retry("kept-job");
      assert(await consumer.runOne());
      const results = server.attempts("kept-job").map(({ result }) => result);
      assert.deepEqual(results, ["retry", "success"].slice(0, start + 1));
    }
  });
});

test("stored attempts are read again", () => {
  const records = new Map<string, string>();
  const store: Store = {
    ...nullStore,
    isDurable: true,
    set: (_table, key, json) => void records.set(key, json),
    all: () => records,
  };
  const clock = new ManualClock();
  const first = new Attempts(clock, store, 3);
  for (const jid of ["a-job", "b-job", "a-job", "b-job", "b-job"]) {
    first.failed(reservation(jid), noted, "dead");
    clock.advance(1000);
  }
  const again = new Attempts(clock, store, 3);
  assert.equal(records.size, 3);
  for (const jid of ["a-job", "b-job"]) assert.deepEqual(again.of(jid), first.of(jid));
  again.failed(reservation("c-job"), noted, "dead");
  assert.deepEqual([again.of("a-job").length, again.of("b-job").length], [0, 2]);
});
