import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../src/server/mod.ts";
import { Enterprise } from "../../../src/server/enterprise/enterprise.ts";
import { ExpiringTable, type Records } from "../../../src/server/enterprise/expiring_table.ts";
import { recordFailure } from "../../../src/server/failure.ts";
import { readJob, type StoredJob } from "../../../src/server/stored_job.ts";

/** Records in memory, as strings. */
class FakeRecords implements Records {
  readonly tables = new Map<string, Map<string, string>>();

  all(table: string): Iterable<readonly [string, string]> {
    return this.#table(table);
  }

  set(table: string, key: string, json: string): void {
    this.#table(table).set(key, json);
  }

  delete(table: string, key: string): void {
    this.#table(table).delete(key);
  }

  get count(): number {
    return [...this.tables.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #table(name: string): Map<string, string> {
    const table = this.tables.get(name) ?? new Map<string, string>();
    this.tables.set(name, table);
    return table;
  }
}

test("Enterprise's records survive a restart if they are stored", () => {
  const clock = new ManualClock();
  const records = new FakeRecords();
  const pushed: StoredJob[] = [];
  const start = () =>
    new Enterprise({ clock, records, push: (job) => pushed.push(job), extend: () => {} });
  const job = (jid: string, custom: object) =>
    readJob(JSON.stringify({ jid, jobtype: "x", queue: "q", args: [], custom }));

  let enterprise = start();
  const success = { jobtype: "done", queue: "q" };
  const bid = enterprise.batch(`BATCH NEW ${JSON.stringify({ success })}`)!;
  const first = job("member-01", { bid, track: 1, unique_for: 60 });
  const second = job("member-02", { bid });
  enterprise.pushing(first, undefined);
  enterprise.pushing(second, undefined);
  const failure = { jid: second.jid, errtype: "Error", message: "no", backtrace: [] };
  recordFailure(second, failure, "2026-01-01T00:00:00Z");
  enterprise.failed(second, "retries");

  enterprise = start();
  assert.throws(() => enterprise.pushing({ ...first, jid: "member-03" }, undefined), {
    message: "NOTUNIQUE Job not unique",
  });
  assert.match(enterprise.track("TRACK GET member-01")!, /"state":"enqueued"/);
  assert.match(enterprise.batch(`BATCH STATUS ${bid}`)!, /"total":2,"pending":2,"failed":1,/);
  enterprise.batch(`BATCH COMMIT ${bid}`);
  enterprise.acknowledged(first);

  enterprise = start();
  enterprise.acknowledged(second);
  assert.deepEqual(pushed.map(({ jobtype, custom }) => [jobtype, custom]), [
    ["done", { _bid: bid, _cb: "success" }],
  ]);

  enterprise = start();
  enterprise.acknowledged(pushed[0]!);
  assert.match(enterprise.batch(`BATCH STATUS ${bid}`)!, /"success_st":"2"/);
  assert.equal(pushed.length, 1);
  enterprise.flushed();
  assert.equal(records.count, 0);
});

test("a batch goes on if the batch inside it has expired while the server was down", () => {
  const clock = new ManualClock();
  const records = new FakeRecords();
  const pushed: StoredJob[] = [];
  const start = () =>
    new Enterprise({ clock, records, push: (job) => pushed.push(job), extend: () => {} });
  const success = { jobtype: "done", queue: "q" };
  let enterprise = start();
  const bid = enterprise.batch(`BATCH NEW ${JSON.stringify({ success })}`)!;
  enterprise.batch(`BATCH NEW ${JSON.stringify({ success, parent_bid: bid })}`);
  enterprise.batch(`BATCH COMMIT ${bid}`);

  clock.advance(3_600_000);
  enterprise = start();
  assert.deepEqual(enterprise.forgetExpiredBatches().next(), { value: 1, done: true });
  assert.deepEqual(pushed.map(({ custom }) => custom), [{ _bid: bid, _cb: "success" }]);
});

test("expired records are removed, whether read or not", () => {
  const clock = new ManualClock();
  const records = new FakeRecords();
  const table = new ExpiringTable<number>("numbers", clock, records);
  table.set("short", 1, clock.now() + 1000);
  table.set("long", 2, clock.now() + 1_000_000);
  clock.advance(1000);
  assert.deepEqual([table.get("short"), table.get("long")], [undefined, 2]);
  assert.equal(records.count, 1);
  for (let i = 0; i < 10_000; i++) {
    table.set(`${i}`, i, clock.now() + 1);
    clock.advance(1);
  }
  assert(table.size < 1500, `${table.size} records`);
  assert.equal(records.count, table.size);
  assert.equal(new ExpiringTable<number>("numbers", clock, records).size, 1);
});
