import assert from "node:assert/strict";
import { test } from "node:test";
import { Setting } from "./setting.ts";

const NOT_UNIQUE = "-NOTUNIQUE Job not unique";

/** Unique for ten minutes. */
const custom = { unique_for: 600 };

test("a job equal to a waiting one is refused until that one has succeeded", async () => {
  await using s = await Setting.start();
  assert.equal(await s.push("unique-01", { custom }), "+OK");
  assert.equal(await s.push("unique-02", { custom }), NOT_UNIQUE);
  assert.equal(await s.next(), "unique-01");
  assert.equal(await s.push("unique-02", { custom }), NOT_UNIQUE);
  await s.ack("unique-01");
  assert.equal(await s.push("unique-02", { custom }), "+OK");
});

test("the same jid is refused too, for example when a PUSH is sent again", async () => {
  await using s = await Setting.start();
  assert.equal(await s.push("unique-01", { custom }), "+OK");
  assert.equal(await s.push("unique-01", { custom }), NOT_UNIQUE);
});

test("type, arguments and queue make two jobs equal; other jobs are accepted", async () => {
  await using s = await Setting.start();
  const args = [{ b: 1, a: [2] }];
  assert.equal(await s.push("unique-01", { custom, args }), "+OK");
  assert.equal(await s.push("unique-02", { custom, args: [{ a: [2], b: 1 }] }), NOT_UNIQUE);
  assert.equal(await s.push("unique-03", { custom, args: [{ b: 1, a: [3] }] }), "+OK");
  assert.equal(await s.push("unique-04", { custom, args, queue: "other" }), "+OK");
  const other = { jid: "unique-05", jobtype: "y", args, custom };
  assert.equal(await s.client.ask(`PUSH ${JSON.stringify(other)}`), "+OK");
  for (const none of [undefined, { unique_for: null }]) {
    assert.equal(await s.push("unique-06", { args, custom: none }), "+OK");
  }
});

test("PUSHB reports the jobs that are not unique, and accepts the others", async () => {
  await using s = await Setting.start();
  const jobs = ["unique-01", "unique-02", "unique-03"].map((jid, i) => ({
    ...{ jid, jobtype: "x", custom },
    args: [i === 2 ? "other" : "same"],
  }));
  assert.deepEqual(JSON.parse(await s.client.ask(`PUSHB ${JSON.stringify(jobs)}`)), {
    "unique-02": "NOTUNIQUE Job not unique",
  });
  assert.equal(s.server.snapshot().queues["default"], 2);
});

test("with unique_until start, the lock is released when the job is fetched", async () => {
  await using s = await Setting.start();
  const untilStart = { ...custom, unique_until: "start" };
  assert.equal(await s.push("unique-01", { custom: untilStart }), "+OK");
  assert.equal(await s.push("unique-02", { custom: untilStart }), NOT_UNIQUE);
  assert.equal(await s.next(), "unique-01");
  assert.equal(await s.push("unique-02", { custom: untilStart }), "+OK");
  // The second job holds the lock now.
  await s.ack("unique-01");
  assert.equal(await s.push("unique-03", { custom: untilStart }), NOT_UNIQUE);
});

test("the lock lasts for unique_for, including fractions of a second", async () => {
  await using s = await Setting.start();
  assert.equal(await s.push("unique-01", { custom: { unique_for: 1.5 } }), "+OK");
  s.clock.advance(1499);
  assert.equal(await s.push("unique-02", { custom }), NOT_UNIQUE);
  s.clock.advance(1);
  assert.equal(await s.push("unique-02", { custom }), "+OK");
  // The first job no longer has a lock to release.
  await s.run("unique-01");
  assert.equal(await s.push("unique-03", { custom }), NOT_UNIQUE);
});

test("a scheduled job's lock also lasts for its delay", async () => {
  await using s = await Setting.start();
  assert.equal(await s.push("unique-01", { custom, at: s.in(3600) }), "+OK");
  s.clock.advance(4199_000);
  assert.equal(await s.push("unique-02", { custom }), NOT_UNIQUE);
  s.clock.advance(1000);
  assert.equal(await s.push("unique-02", { custom }), "+OK");
});

test("retried, dead, dropped and deleted jobs keep the lock", async () => {
  await using s = await Setting.start();
  const fates: [retry: number, then: string][] = [
    [25, ""],
    [25, `MUTATE {"cmd":"discard","target":"retries"}`],
    [-1, ""],
    [0, ""],
  ];
  for (const [i, [retry, then]] of fates.entries()) {
    const job = { custom, args: [i], retry };
    assert.equal(await s.push(`unique-${i}1`, job), "+OK");
    await s.run(`unique-${i}1`, "fail");
    if (then !== "") assert.equal(await s.client.ask(then), "+OK");
    assert.equal(await s.push(`unique-${i}2`, job), NOT_UNIQUE, `retry ${retry} ${then}`);
  }
});

test("a retry that succeeds releases the lock", async () => {
  await using s = await Setting.start();
  await s.push("unique-01", { custom });
  await s.run("unique-01", "fail");
  await s.retry();
  await s.run("unique-01");
  assert.equal(await s.push("unique-02", { custom }), "+OK");
});

test("FLUSH releases all locks", async () => {
  await using s = await Setting.start();
  await s.push("unique-01", { custom });
  assert.equal(await s.client.ask("FLUSH"), "+OK");
  assert.equal(await s.push("unique-02", { custom }), "+OK");
});

test("invalid options are refused, and a refused job takes no lock", async () => {
  await using s = await Setting.start();
  for (const unique_for of ["600", 0, -1, true]) {
    const reply = await s.push("unique-01", { custom: { unique_for } });
    assert.equal(reply, "-ERR invalid unique_for, must be a number of seconds");
  }
  const until = await s.push("unique-01", { custom: { ...custom, unique_until: "end" } });
  assert.equal(until, "-ERR invalid unique_until");
  assert.match(await s.push("unique-01", { custom, queue: "a/b" }), /^-ERR cannot get "a\/b"/);
  assert.match(
    await s.push("unique-01", { custom: { ...custom, bid: "b-none" } }),
    /^-ERR no such batch/,
  );
  assert.equal(await s.push("unique-01", { custom }), "+OK");
});
