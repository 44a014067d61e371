import assert from "node:assert/strict";
import { test } from "node:test";
import { Setting } from "./setting.ts";

test("a parent's success waits for its child's callback, and that for the grandchild's", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["success"]);
  const child = await s.batch("child", ["success"], parent);
  const grandchild = await s.batch("grandchild", ["success"], child);
  assert.equal((await s.status(grandchild)).parent_bid, child);
  for (const [i, bid] of [parent, child, grandchild].entries()) {
    await s.push(`member-${i}1`, { custom: { bid } });
  }
  for (const bid of [grandchild, child, parent]) await s.commit(bid);
  await s.run("member-01");
  await s.run("member-11");
  assert.deepEqual(await s.counts(parent), [1, 0, 0, "", ""]);
  await s.run("member-21");
  assert.deepEqual(await s.counts(child), [1, 0, 0, "", ""]);
  for (const name of ["grandchild", "child", "parent"]) {
    assert.equal(s.server.snapshot().queues["callbacks"], 1);
    await s.run(`success-${name}`, "ack", "callbacks");
  }
  assert.deepEqual(await s.counts(parent), [1, 0, 0, "", "2"]);
});

test("a parent's complete waits for its child's, even if the child failed", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["complete", "success"]);
  const child = await s.batch("child", ["complete", "success"], parent);
  await s.push("member-01", { custom: { bid: child } });
  await s.commit(child);
  await s.commit(parent);
  await s.run("member-01", "fail");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "", ""]);
  await s.run("complete-child", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "1", ""]);
  await s.run("complete-parent", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "2", ""]);
  await s.retry();
  await s.run("member-01");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "2", ""]);
  await s.run("success-child", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "2", "1"]);
});

test("if the child succeeded, the parent's complete waits for all of its callbacks", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["complete"]);
  const child = await s.batch("child", ["complete", "success"], parent);
  await s.commit(parent);
  await s.commit(child);
  await s.run("complete-child", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "", ""]);
  await s.run("success-child", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "1", ""]);
});

test("a job adds a batch inside its own, whose callbacks add jobs to the outer one", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["success"]);
  await s.push("member-01", { custom: { bid: parent } });
  await s.commit(parent);
  assert.equal(await s.next(), "member-01");
  assert.equal(await s.client.ask(`BATCH OPEN ${parent}`), parent);
  const success = { jid: "success-child", jobtype: "x", custom: { bid: parent } };
  const child = await s.client.ask(
    `BATCH NEW ${JSON.stringify({ parent_bid: parent, success })}`,
  );
  await s.push("member-02", { custom: { bid: child } });
  await s.commit(child);
  await s.commit(parent);
  await s.ack("member-01");
  await s.run("member-02");
  // The callback belongs to the parent because it says so.
  assert.deepEqual(await s.counts(parent), [2, 1, 0, "", ""]);
  await s.run("success-child");
  assert.deepEqual(await s.counts(child), [1, 0, 0, "", "2"]);
  assert.deepEqual(await s.counts(parent), [2, 0, 0, "", "1"]);
});

test("a child that is not committed within 30 minutes no longer blocks its parent", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["complete"]);
  const [first, second] = [
    await s.batch("child", ["complete"], parent),
    // The twin of a child: the reply to BATCH NEW was lost.
    await s.batch("child", ["complete"], parent),
  ];
  await s.push("member-01", { custom: { bid: first } });
  await s.commit(second);
  await s.commit(parent);
  await s.run("complete-child", "ack", "callbacks");
  s.clock.advance(29 * 60_000);
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "", ""]);
  s.clock.advance(2 * 60_000);
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "1", ""]);
  await s.run("member-01");
});

test("a child that is committed later, or reopened, still blocks its parent", async () => {
  await using s = await Setting.start();
  const parent = await s.batch("parent", ["complete"]);
  const child = await s.batch("child", ["complete"], parent);
  await s.push("member-01", { custom: { bid: child } });
  await s.commit(parent);
  await s.commit(child);
  assert.equal(await s.client.ask(`BATCH OPEN ${child}`), child);
  s.clock.advance(3_600_000);
  await s.run("member-01");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "", ""]);
  await s.commit(child);
  await s.run("complete-child", "ack", "callbacks");
  assert.deepEqual(await s.counts(parent), [0, 0, 0, "1", ""]);
});
