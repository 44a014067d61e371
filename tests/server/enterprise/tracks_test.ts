import assert from "node:assert/strict";
import { test } from "node:test";
import { Setting } from "./setting.ts";

const custom = { track: 1 };

test("a tracked job is enqueued, working, then successful", async () => {
  await using s = await Setting.start();
  const get = async () => JSON.parse(await s.client.ask("TRACK GET tracked-01"));
  await s.push("tracked-01", { custom });
  assert.deepEqual(await get(), {
    jid: "tracked-01",
    state: "enqueued",
    updated_at: "2026-01-01T00:00:00Z",
  });
  s.clock.advance(1000);
  await s.next();
  assert.deepEqual(await get(), {
    jid: "tracked-01",
    state: "working",
    updated_at: "2026-01-01T00:00:01Z",
  });
  const set = `TRACK SET {"jid":"tracked-01","percent":12,"desc":"Calculating..."}`;
  assert.equal(await s.client.ask(set), "+OK");
  await s.ack("tracked-01");
  assert.deepEqual(await get(), {
    jid: "tracked-01",
    percent: 12,
    desc: "Calculating...",
    state: "success",
    updated_at: "2026-01-01T00:00:01Z",
  });
});

test("an untracked or missing job is unknown, whatever it reports", async () => {
  await using s = await Setting.start();
  await s.push("ordinary-1");
  assert.equal(await s.client.ask(`TRACK SET {"jid":"ordinary-1","percent":1}`), "+OK");
  for (const jid of ["ordinary-1", "nowhere-01"]) {
    assert.equal(
      await s.client.ask(`TRACK GET ${jid}`),
      `{"jid":"${jid}","state":"unknown","updated_at":""}`,
    );
  }
});

test("a failed job stays failed until its next run, and is dead in the dead set", async () => {
  await using s = await Setting.start();
  const state = async (jid: string) =>
    JSON.parse(await s.client.ask(`TRACK GET ${jid}`)).state as string;
  await s.push("tracked-01", { custom, retry: 1 });
  await s.run("tracked-01", "fail");
  assert.equal(await state("tracked-01"), "failed");
  await s.retry();
  assert.equal(await state("tracked-01"), "failed");
  await s.next();
  assert.equal(await state("tracked-01"), "working");
  await s.fail("tracked-01");
  assert.equal(await state("tracked-01"), "dead");
  await s.push("tracked-02", { custom, retry: 0 });
  await s.run("tracked-02", "fail");
  assert.equal(await state("tracked-02"), "failed");
  await s.push("tracked-03", { custom, at: s.in(60) });
  assert.equal(await state("tracked-03"), "enqueued");
});

test("the last update stays, with missing fields and after the end", async () => {
  await using s = await Setting.start();
  await s.push("tracked-01", { custom });
  await s.next();
  for (const progress of [`"percent":10,"desc":"a"`, `"percent":20`, `"desc":null`]) {
    assert.equal(await s.client.ask(`TRACK SET {"jid":"tracked-01",${progress}}`), "+OK");
  }
  await s.ack("tracked-01");
  assert.equal(await s.client.ask(`TRACK SET {"jid":"tracked-01","desc":"c"}`), "+OK");
  const { percent, desc, state } = JSON.parse(await s.client.ask("TRACK GET tracked-01"));
  assert.deepEqual([percent, desc, state], [20, "c", "success"]);
});

test("a record expires 30 minutes after its last update", async () => {
  await using s = await Setting.start();
  const state = async () => JSON.parse(await s.client.ask("TRACK GET tracked-01")).state;
  await s.push("tracked-01", { custom });
  s.clock.advance(1_799_999);
  assert.equal(await state(), "enqueued");
  await s.run("tracked-01");
  s.clock.advance(1_799_999);
  assert.equal(await state(), "success");
  s.clock.advance(1);
  assert.equal(await state(), "unknown");
});

test("reserve_until extends a reservation, tracked or not, and never shortens it", async () => {
  await using s = await Setting.start();
  for (const job of [{ custom }, {}]) {
    await s.push("extended-1", { ...job, reserve_for: 60 });
    await s.next();
    const extend = (seconds: number) =>
      s.client.ask(`TRACK SET {"jid":"extended-1","reserve_until":"${s.in(seconds)}"}`);
    assert.equal(await extend(10), "+OK");
    s.clock.advance(50_000);
    assert.equal(s.server.snapshot().working, 1);
    assert.equal(await extend(3600), "+OK");
    s.clock.advance(3_590_000);
    assert.equal(s.server.snapshot().working, 1);
    assert.equal(await extend(120), "+OK");
    s.clock.advance(110_000);
    assert.equal(s.server.snapshot().working, 1);
    s.clock.advance(30_000);
    assert.equal(s.server.snapshot().working, 0);
    assert.equal(s.server.snapshot().failures, 1);
    await s.client.ask("FLUSH");
  }
  assert.equal(
    await s.client.ask(`TRACK SET {"jid":"nowhere-01","reserve_until":"${s.in(60)}"}`),
    "+OK",
  );
});

test("an invalid TRACK is refused", async () => {
  await using s = await Setting.start();
  const ask = (line: string) => s.client.ask(line);
  assert.equal(await ask("TRACK"), "-ERR internal error");
  assert.equal(await ask("TRACK DO x"), "-ERR no such TRACK subcommand: DO");
  assert.equal(await ask("TRACK GET"), "-ERR missing JID");
  assert.equal(await ask("TRACK SET {}"), "-ERR missing JID");
  assert.match(await ask(`TRACK SET {"jid":1}`), /^-ERR json: cannot unmarshal number/);
  assert.match(await ask(`TRACK SET {`), /^-ERR unexpected end of JSON input/);
  assert.equal(
    await ask(`TRACK SET {"jid":"tracked-01","reserve_until":"soon"}`),
    `-ERR invalid timestamp for 'reserve_until': "soon"`,
  );
});

test("FLUSH deletes the records", async () => {
  await using s = await Setting.start();
  await s.push("tracked-01", { custom });
  await s.client.ask("FLUSH");
  assert.match(await s.client.ask("TRACK GET tracked-01"), /unknown/);
});
