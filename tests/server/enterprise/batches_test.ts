import assert from "node:assert/strict";
import { test } from "node:test";
import { Setting } from "./setting.ts";

test("callbacks run after all jobs have succeeded: first complete, then success", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("images", ["complete", "success"]);
  await s.push("member-01", { custom: { bid } });
  await s.push("member-02", { custom: { bid } });
  await s.commit(bid);
  assert.equal(
    await s.client.ask(`BATCH STATUS ${bid}`),
    `{"bid":"${bid}","description":"images","created_at":"2026-01-01T00:00:00Z","total":2,` +
      `"pending":2,"failed":0,"complete_st":"","success_st":""}`,
  );
  await s.run("member-01");
  assert.deepEqual(await s.counts(bid), [2, 1, 0, "", ""]);
  await s.run("member-02");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "1", ""]);
  const complete = await s.fetch("callbacks");
  assert.equal(complete.jid, "complete-images");
  assert.equal(complete.jobtype, "complete");
  assert.deepEqual(complete.args, ["images"]);
  assert.deepEqual(complete.custom, { _bid: bid, _cb: "complete" });
  assert.equal(await s.next("callbacks"), undefined);
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "1", ""]);
  await s.ack("complete-images");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "2", "1"]);
  await s.run("success-images", "ack", "callbacks");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "2", "2"]);
});

test("callbacks wait for the commit, which may be sent twice", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("late", ["success"]);
  await s.push("member-01", { custom: { bid } });
  await s.run("member-01");
  assert.deepEqual(await s.counts(bid), [1, 0, 0, "", ""]);
  await s.commit(bid);
  await s.commit(bid);
  assert.deepEqual(await s.counts(bid), [1, 0, 0, "", "1"]);
  assert.equal(s.server.snapshot().queues["callbacks"], 1);
});

test("an empty batch runs its callbacks at the commit", async () => {
  await using s = await Setting.start();
  const both = await s.batch("both", ["complete", "success"]);
  await s.commit(both);
  assert.deepEqual(await s.counts(both), [0, 0, 0, "1", ""]);
  await s.run("complete-both", "ack", "callbacks");
  assert.deepEqual(await s.counts(both), [0, 0, 0, "2", "1"]);
  const complete = await s.batch("complete", ["complete"]);
  await s.commit(complete);
  assert.deepEqual(await s.counts(complete), [0, 0, 0, "1", ""]);
});

test("a failed job counts as run: complete is due, and success after a retry succeeds", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("flaky", ["complete", "success"]);
  await s.push("member-01", { custom: { bid } });
  await s.push("member-02", { custom: { bid } });
  await s.commit(bid);
  await s.run("member-01", "fail");
  assert.deepEqual(await s.counts(bid), [2, 2, 1, "", ""]);
  await s.run("member-02");
  assert.deepEqual(await s.counts(bid), [2, 1, 1, "1", ""]);
  await s.run("complete-flaky", "ack", "callbacks");
  await s.retry();
  await s.run("member-01", "fail");
  assert.deepEqual(await s.counts(bid), [2, 1, 1, "2", ""]);
  await s.retry();
  await s.run("member-01");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "2", "1"]);
});

for (const [retry, fate] of [[0, "is dropped"], [-1, "dies"]] as const) {
  test(`a job that ${fate} counts as run, but success is never due`, async () => {
    await using s = await Setting.start();
    const bid = await s.batch("doomed", ["complete", "success"]);
    await s.push("member-01", { custom: { bid }, retry });
    await s.commit(bid);
    await s.run("member-01", "fail");
    await s.run("complete-doomed", "ack", "callbacks");
    assert.deepEqual(await s.counts(bid), [1, 1, 1, "2", ""]);
  });
}

for (
  const [ends, counts, name] of [
    [["fail", "fail"], [2, 2, 2, "1", ""], "dies twice"],
    [["fail", "ack"], [2, 1, 1, "1", ""], "dies once"],
    [["ack", "ack"], [2, 0, 0, "1", ""], "succeeds twice"],
  ] as const
) {
  test(`a job that was sent twice and ${name} counts twice`, async () => {
    await using s = await Setting.start();
    const bid = await s.batch("twice", ["complete"]);
    for (let i = 0; i < 2; i++) await s.push("member-01", { custom: { bid }, retry: -1 });
    await s.commit(bid);
    for (const end of ends) await s.run("member-01", end);
    assert.deepEqual(await s.counts(bid), counts);
  });
}

test("two running jobs with the same jid have one result, so the batch waits for the other", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("twins", ["complete"]);
  for (let i = 0; i < 2; i++) await s.push("member-01", { custom: { bid } });
  await s.commit(bid);
  for (let i = 0; i < 2; i++) assert.equal(await s.next(), "member-01");
  for (let i = 0; i < 2; i++) await s.ack("member-01");
  assert.deepEqual(await s.counts(bid), [2, 1, 0, "", ""]);
});

test("a job that is pushed again after a failed run counts as run", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("again", ["complete", "success"]);
  await s.push("member-01", { custom: { bid } });
  await s.commit(bid);
  assert.equal(await s.next(), "member-01");
  const failure = { retry_count: 0, failed_at: s.in(0), message: "no", errtype: "Error" };
  await s.push("member-01", { custom: { bid }, failure });
  await s.ack("member-01");
  assert.deepEqual(await s.counts(bid), [2, 1, 1, "1", ""]);
  await s.run("complete-again", "ack", "callbacks");
  await s.run("member-01", "fail");
  assert.deepEqual(await s.counts(bid), [2, 1, 1, "2", ""]);
  await s.retry();
  await s.run("member-01");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "2", "1"]);
});

test("an expired reservation is a failed run", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("lost", ["complete"]);
  await s.push("member-01", { custom: { bid }, reserve_for: 60 });
  await s.commit(bid);
  await s.next();
  s.clock.advance(75_000);
  assert.deepEqual(await s.counts(bid), [1, 1, 1, "1", ""]);
});

test("success waits until a failing complete callback has succeeded", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("callback", ["complete", "success"]);
  await s.commit(bid);
  await s.run("complete-callback", "fail", "callbacks");
  assert.deepEqual(await s.counts(bid), [0, 0, 0, "1", ""]);
  await s.retry();
  await s.run("complete-callback", "ack", "callbacks");
  assert.deepEqual(await s.counts(bid), [0, 0, 0, "2", "1"]);
});

test("jobs of PUSHB and scheduled jobs belong to their batch too", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("many", ["complete"]);
  const jobs = ["member-01", "member-02"].map((jid) => s.job(jid, { custom: { bid } }));
  assert.equal(await s.client.ask(`PUSHB [${jobs}]`), "{}");
  await s.push("member-03", { custom: { bid }, at: s.in(60) });
  await s.commit(bid);
  await s.run("member-01");
  await s.run("member-02");
  assert.deepEqual(await s.counts(bid), [3, 1, 0, "", ""]);
  s.clock.advance(65_000);
  await s.run("member-03");
  assert.deepEqual(await s.counts(bid), [3, 0, 0, "1", ""]);
});

test("a running job reopens its batch, and callbacks wait for the jobs that it adds", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("growing", ["success"]);
  await s.push("member-01", { custom: { bid } });
  await s.commit(bid);
  assert.equal(await s.next(), "member-01");
  assert.equal(await s.client.ask(`BATCH OPEN ${bid}`), bid);
  await s.push("member-02", { custom: { bid } });
  await s.ack("member-01");
  await s.run("member-02");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "", ""], "it is open");
  await s.commit(bid);
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "", "1"]);
});

test("a batch accepts jobs after its callbacks, which do not run again", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("reopened", ["complete"]);
  await s.commit(bid);
  await s.run("complete-reopened", "ack", "callbacks");
  assert.equal(await s.client.ask(`BATCH OPEN ${bid}`), bid);
  await s.push("member-01", { custom: { bid } });
  await s.push("member-02", { custom: { bid } });
  await s.commit(bid);
  assert.deepEqual(await s.counts(bid), [2, 2, 0, "2", ""]);
  await s.run("member-01");
  await s.run("member-02");
  assert.deepEqual(await s.counts(bid), [2, 0, 0, "2", ""]);
  assert.equal(s.server.snapshot().queues["callbacks"], 0);
});

test("a batch expires if it is not committed within 30 minutes", async () => {
  await using s = await Setting.start();
  const dead = await s.batch("forgotten", ["complete"]);
  const kept = await s.batch("kept", ["complete"]);
  await s.push("member-01", { custom: { bid: dead } });
  await s.push("member-02", { custom: { bid: kept } });
  await s.commit(kept);
  await s.client.ask(`BATCH OPEN ${kept}`);
  s.clock.advance(1_800_000);
  for (const subcommand of ["STATUS", "OPEN", "COMMIT"]) {
    assert.equal(
      await s.client.ask(`BATCH ${subcommand} ${dead}`),
      `-ERR no such batch ${dead}`,
    );
  }
  assert.equal(await s.push("member-03", { custom: { bid: dead } }), `-ERR no such batch ${dead}`);
  await s.run("member-01");
  await s.run("member-02");
  await s.commit(kept);
  assert.deepEqual(await s.counts(kept), [1, 0, 0, "1", ""]);
});

test("expired or deleted jobs never run, so their batch waits for them", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("waiting", ["complete"]);
  await s.push("member-01", { custom: { bid, expires_in: 60 } });
  await s.push("member-02", { custom: { bid }, at: s.in(3600) });
  await s.commit(bid);
  s.clock.advance(61_000);
  assert.equal(await s.next(), undefined);
  assert.equal(await s.client.ask(`MUTATE {"cmd":"clear","target":"scheduled"}`), "+OK");
  assert.deepEqual(await s.counts(bid), [2, 2, 0, "", ""]);
});

test("a callback needs only a type and arguments, and is a job like others", async () => {
  await using s = await Setting.start();
  const success = { jobtype: "done", custom: { mine: 1, track: 1 } };
  const bid = await s.client.ask(`BATCH NEW ${JSON.stringify({ success })}`);
  await s.commit(bid);
  const job = await s.fetch();
  assert.deepEqual(job.custom, { _bid: bid, _cb: "success", mine: 1, track: 1 });
  assert.deepEqual(job.args, []);
  assert.equal(job.retry, 25);
  assert.match(await s.client.ask(`TRACK GET ${job.jid}`), /"state":"working"/);
  await s.ack(job.jid);
  assert.deepEqual(await s.counts(bid), [0, 0, 0, "", "2"]);
});

test("an invalid BATCH is refused", async () => {
  await using s = await Setting.start();
  const ask = (line: string) => s.client.ask(line);
  assert.equal(await ask("BATCH"), "-ERR internal error");
  assert.equal(await ask("BATCH DO x"), "-ERR no such BATCH subcommand: DO");
  assert.equal(await ask("BATCH STATUS b-none"), "-ERR no such batch b-none");
  assert.equal(await ask("BATCH OPEN"), "-ERR no such batch ");
  const noCallback = "-ERR batch must have a success or complete callback";
  assert.equal(await ask("BATCH NEW {}"), noCallback);
  assert.equal(await ask("BATCH NEW null"), noCallback);
  assert.match(await ask("BATCH NEW"), /^-ERR unexpected end of JSON input/);
  assert.match(await ask("BATCH NEW []"), /^-ERR json: cannot unmarshal array/);
  const callbacks: [object, RegExp][] = [
    [{}, /^-ERR jobs must have a jobtype parameter/],
    [{ jobtype: "x", jid: "short" }, /^-ERR jobs must have a reasonable jid parameter/],
    [{ jobtype: "x", queue: "a/b" }, /^-ERR cannot get "a\/b" queue/],
    [{ jobtype: 1 }, /^-ERR json: cannot unmarshal number/],
  ];
  for (const [complete, message] of callbacks) {
    assert.match(await ask(`BATCH NEW ${JSON.stringify({ complete })}`), message);
  }
  const child = { parent_bid: "b-none", complete: { jobtype: "x" } };
  assert.equal(await ask(`BATCH NEW ${JSON.stringify(child)}`), "-ERR no such batch b-none");
  assert.equal(
    await s.push("member-01", { custom: { bid: "b-none" } }),
    "-ERR no such batch b-none",
  );
  assert.equal(await s.push("member-01", { custom: { bid: 1 } }), "-ERR invalid bid");
  assert.equal(s.server.snapshot().queues["default"], undefined);
});

test("FLUSH deletes batches", async () => {
  await using s = await Setting.start();
  const bid = await s.batch("flushed", ["complete"]);
  await s.client.ask("FLUSH");
  assert.equal(await s.client.ask(`BATCH STATUS ${bid}`), `-ERR no such batch ${bid}`);
});
