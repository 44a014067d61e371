import assert from "node:assert/strict";
import { test } from "node:test";
import { Setting } from "./setting.ts";

test("a job with a past expires_at is dropped when it is fetched", async () => {
  await using s = await Setting.start();
  await s.push("expiring-1", { custom: { expires_at: s.in(60) } });
  await s.push("expiring-2", { custom: { expires_at: s.in(61) } });
  await s.push("staying-01");
  s.clock.advance(60_001);
  assert.equal(s.server.snapshot().queues["default"], 3);
  assert.equal(await s.next(), "expiring-2");
  assert.equal(await s.next(), "staying-01");
  const { queues, working, processed, failures } = s.server.snapshot();
  assert.deepEqual([queues["default"], working, processed, failures], [0, 2, 0, 0]);
});

test("expires_in counts from the PUSH, and becomes expires_at", async () => {
  await using s = await Setting.start();
  await s.push("expiring-1", { custom: { expires_in: 60, mine: 1 } });
  await s.push("expiring-2", { custom: { expires_in: 90.5, mine: 2 } });
  const expires_at = s.in(90.5).replace("500Z", "5Z");
  s.clock.advance(90_000);
  const { jid, custom } = await s.fetch();
  assert.equal(jid, "expiring-2");
  assert.deepEqual(custom, { expires_in: 90.5, expires_at, mine: 2 });
});

test("expires_in of a scheduled job counts from its time", async () => {
  await using s = await Setting.start();
  await s.push("expiring-1", { custom: { expires_in: 60 }, at: s.in(3600) });
  await s.push("expiring-2", { custom: { expires_in: 60 }, at: s.in(3600) });
  s.clock.advance(3_605_000);
  assert.equal(await s.next(), "expiring-1");
  s.clock.advance(60_000);
  assert.equal(await s.next(), undefined);
});

test("a retry expires too, at the same time", async () => {
  await using s = await Setting.start();
  await s.push("expiring-1", { custom: { expires_in: 600 } });
  await s.run("expiring-1", "fail");
  s.clock.advance(601_000);
  assert.equal(s.server.snapshot().retries, 0);
  assert.equal(await s.next(), undefined);
  assert.equal(s.server.snapshot().queues["default"], 0);
});

test("a waiting FETCH keeps waiting when an expired job arrives", async () => {
  await using s = await Setting.start();
  s.client.say("FETCH other default");
  const reply = s.client.reply();
  await s.until(() => s.server.snapshot().waiting === 1);
  await s.other.ask(`PUSH ${s.job("expired-01", { custom: { expires_at: s.in(-1) } })}`);
  assert.equal(s.server.snapshot().waiting, 1);
  await s.other.ask(`PUSH ${s.job("expired-02", { custom: { expires_in: -1 } })}`);
  await s.other.ask(`PUSH ${s.job("staying-01", {})}`);
  assert.equal(JSON.parse(await reply).jid, "staying-01");
  assert.equal(s.server.snapshot().queues["default"], 0);
});

test("invalid times are refused", async () => {
  await using s = await Setting.start();
  for (const expires_at of ["tomorrow", 60, "2026-01-01T00:00:00"]) {
    assert.equal(
      await s.push("expiring-1", { custom: { expires_at } }),
      `-ERR invalid timestamp for 'expires_at': "${expires_at}"`,
    );
  }
  for (const expires_in of ["60", "10m", 1e300, true]) {
    assert.equal(
      await s.push("expiring-1", { custom: { expires_in } }),
      "-ERR invalid expires_in, must be a number of seconds",
    );
  }
});
