import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";

/** Behaviour of the server over time, on a manual clock. */
describe("the embedded server's time", () => {
  let clock: ManualClock;
  let server: FaktoryServer;
  let client: RawClient;

  before(async () => {
    clock = new ManualClock();
    server = await FaktoryServer.start({ port: 0, clock });
    client = await RawClient.hello(server.url);
  });
  after(async () => {
    client.close();
    await server.close();
    assert.equal(clock.pending, 0);
  });

  const push = (jid: string, more = "") =>
    client.ask(`PUSH {"jid":"${jid}","jobtype":"x","args":[]${more}}`);
  const fail = (jid: string) =>
    client.ask(`FAIL {"jid":"${jid}","errtype":"E","message":"m","backtrace":["a"]}`);
  const fetchNow = async () => {
    const job = JSON.parse(await client.ask("FETCH default"));
    return job;
  };

  it("enqueues a scheduled job when its time has come, within five seconds", async () => {
    const at = new Date(clock.now() + 61_000).toISOString();
    assert.equal(await push("scheduled-1", `,"at":"${at}"`), "+OK");
    assert.equal(server.snapshot().scheduled, 1);
    clock.advance(60_000);
    assert.equal(server.snapshot().scheduled, 1);
    clock.advance(5000);
    assert.equal(server.snapshot().scheduled, 0);
    assert.equal((await fetchNow()).jid, "scheduled-1");
    await client.ask(`ACK {"jid":"scheduled-1"}`);
  });

  it("drops a scheduled job with an invalid queue, and continues with the others", async () => {
    const at = new Date(clock.now() + 1000).toISOString();
    assert.equal(await push("astray-001", `,"at":"${at}","queue":"a/b"`), "+OK");
    assert.equal(await push("due-000001", `,"at":"${at}"`), "+OK");
    assert.equal(server.snapshot().scheduled, 2);
    clock.advance(10_000);
    assert.equal(server.snapshot().scheduled, 0);
    assert.equal((await fetchNow()).jid, "due-000001");
    await client.ask(`ACK {"jid":"due-000001"}`);
    assert.deepEqual(server.snapshot().queues, { default: 0 });
  });

  it("retries a failed job after 15 to 44 seconds at first", async () => {
    await push("delayed-01");
    await fetchNow();
    assert.equal(await fail("delayed-01"), "+OK");
    clock.advance(14_999);
    assert.equal(server.snapshot().retries, 1);
    // The server checks every five seconds.
    clock.advance(29_001 + 5000);
    assert.equal(server.snapshot().retries, 0);
    const { failure } = await fetchNow();
    const waitedMs = Date.parse(failure.next_at) - Date.parse(failure.failed_at);
    assert(waitedMs >= 15_000 && waitedMs <= 44_000, `${waitedMs} ms`);
    assert.equal(await client.ask(`ACK {"jid":"delayed-01"}`), "+OK");
  });

  it("counts retries, and buries a job after its last one for 180 days", async () => {
    await push("retried-01", `,"retry":2`);
    for (const [retryCount, remaining] of [[0, 2], [1, 1], [2, 0]]) {
      await fetchNow();
      assert.equal(await fail("retried-01"), "+OK");
      const target = retryCount === 2 ? "dead" : "retries";
      assert.equal(server.snapshot()[target], 1, `after failure ${retryCount}`);
      assert.equal(await client.ask(`MUTATE {"cmd":"requeue","target":"${target}"}`), "+OK");
      const job = await fetchNow();
      assert.equal(job.failure.retry_count, retryCount);
      assert.equal(job.failure.remaining, remaining);
      assert.equal(job.failure.errtype, "E");
      assert.deepEqual(job.failure.backtrace, ["a"]);
      await client.ask(`ACK {"jid":"retried-01"}`);
      await push("retried-01", `,"retry":2,"failure":${JSON.stringify(job.failure)}`);
    }
    assert.equal(await client.ask("QUEUE REMOVE default"), "+OK");
    await push("buried-001", `,"retry":-1`);
    await fetchNow();
    await fail("buried-001");
    assert.equal(server.snapshot().dead, 1);
    clock.advance(DEAD_MS - 60_000);
    assert.equal(server.snapshot().dead, 1);
    clock.advance(2 * 60_000);
    assert.equal(server.snapshot().dead, 0);
  });

  it("drops a job without retries", async () => {
    await push("dropped-01", `,"retry":0`);
    await fetchNow();
    const { failures } = server.snapshot();
    await fail("dropped-01");
    const { retries, dead, working, failures: now } = server.snapshot();
    assert.deepEqual([retries, dead, working, now], [0, 0, 0, failures + 1]);
  });

  it("fails a job whose reservation has expired, after a minute at least", async () => {
    await push("expired-01", `,"reserve_for":10,"retry":1`);
    await fetchNow();
    clock.advance(59_000);
    assert.equal(server.snapshot().working, 1);
    clock.advance(16_000);
    assert.equal(server.snapshot().working, 0);
    assert.equal(server.snapshot().retries, 1);
    assert.equal(await fail("expired-01"), "-ERR Job not found expired-01");
    await client.ask(`MUTATE {"cmd":"requeue","target":"retries"}`);
    const { failure } = await fetchNow();
    assert.equal(failure.errtype, "ReservationExpired");
    await client.ask(`ACK {"jid":"expired-01"}`);
  });

  it("reserves a job for half an hour by default", async () => {
    await push("default-01", `,"retry":0`);
    await fetchNow();
    clock.advance(1_799_000);
    assert.equal(server.snapshot().working, 1);
    clock.advance(16_000);
    assert.equal(server.snapshot().working, 0);
  });

  it("replies to a FETCH after two seconds without a job", async () => {
    client.say("FETCH default");
    await until(() => server.snapshot().waiting === 1);
    clock.advance(1999);
    assert.equal(server.snapshot().waiting, 1);
    clock.advance(1);
    assert.equal(await client.reply(), "$-1");
  });

  it("replies to a FETCH without a job as soon as the wait is ended", async () => {
    await using quick = await FaktoryServer.start({ port: 0, clock, fetchWaitMs: 20 });
    const worker = await RawClient.hello(quick.url, { wid: "quick-worker" });
    worker.say("FETCH default");
    await until(() => quick.snapshot().waiting === 1);
    clock.advance(19);
    assert.equal(quick.snapshot().waiting, 1);
    clock.advance(1);
    assert.equal(await worker.reply(), "$-1");
  });

  it("closes a connection without a handshake after two seconds", async () => {
    const silent = new RawClient(server.url);
    await silent.line();
    const end = silent.line();
    clock.advance(2000);
    assert.equal(await end, "EOF");
  });

  it("removes a worker that has sent no BEAT for a minute, and closes its connections", async () => {
    const worker = await RawClient.hello(server.url, { wid: "silent-worker" });
    const other = await RawClient.hello(server.url, { wid: "silent-worker" });
    assert.equal(await client.ask(`BEAT {"wid":"silent-worker"}`), "+OK");
    clock.advance(45_000);
    assert.equal(await client.ask(`BEAT {"wid":"silent-worker"}`), "+OK");
    clock.advance(45_000);
    assert.equal(server.snapshot().workers, 1);
    clock.advance(31_000);
    assert.equal(server.snapshot().workers, 0);
    assert.deepEqual([await worker.line(), await other.line()], ["EOF", "EOF"]);
    assert.equal(
      await client.ask(`BEAT {"wid":"silent-worker"}`),
      "-ERR unknown worker silent-worker",
    );
  });

  it("gives a quiet worker no more jobs, on its first connection", async () => {
    const worker = await RawClient.hello(server.url, { wid: "quiet-worker" });
    assert.equal(server.signalWorker("quiet-worker", "quiet"), true);
    assert.equal(server.signalWorker("nobody", "quiet"), false);
    assert.equal(await worker.ask(`BEAT {"wid":"quiet-worker"}`), `{"state":"quiet"}`);
    await push("untouched1");
    worker.say("FETCH default");
    await until(() => server.snapshot().waiting === 1);
    clock.advance(2000);
    assert.equal(await worker.reply(), "$-1");
    assert.equal((await fetchNow()).jid, "untouched1");
    await client.ask(`ACK {"jid":"untouched1"}`);
    worker.close();
  });

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }
});

const DEAD_MS = 180 * 24 * 60 * 60 * 1000;
