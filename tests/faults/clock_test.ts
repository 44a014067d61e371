import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type ConsumerOptions, Producer } from "../../mod.ts";
import { monotonic } from "../../src/internal/monotonic_clock.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { FaultProxy } from "./proxy.ts";
import { settle, turn, WallClock } from "./wall_clock.ts";

const HOUR_MS = 3_600_000;

/** Returns a worker, a server and a network with clocks of their own. */
async function setting(options: Partial<ConsumerOptions> = {}) {
  const clock = new WallClock();
  const serverClock = new WallClock();
  const networkClock = new WallClock();
  const server = await MemoryServer.start({ clock: serverClock });
  const proxy = new FaultProxy(server.transport, networkClock);
  const { url, transport } = server;
  const producer = await Producer.connect({ url, transport, clock: serverClock });
  const consumer = new Consumer({
    url,
    transport: proxy,
    clock,
    concurrency: 2,
    connections: 2,
    ...options,
  });
  const emitted: string[] = [];
  const lags: number[] = [];
  consumer.on("lag", ({ lagMs }) => lags.push(lagMs));
  for (
    const event of ["done", "expired", "unreported", "disconnect", "reconnect", "clock"] as const
  ) {
    consumer.on(event, () => emitted.push(event));
  }
  const runs: unknown[] = [];
  const held: (() => void)[] = [];
  consumer.register("quick", ({ args }) => void runs.push(args[0]));
  consumer.register("slow", ({ args }) => {
    runs.push(args[0]);
    return new Promise<void>((resolve) => held.push(resolve));
  });
  const running = consumer.run();
  while (server.snapshot().waiting === 0) await turn();
  const it = {
    ...{ clock, serverClock, networkClock, server, proxy, producer, consumer },
    ...{ emitted, lags, runs, held },
    /** Moves all clocks until the condition holds. Returns the time that it took. */
    async until(isSo: () => boolean, maxMs = 10 * 60_000): Promise<number> {
      const since = clock.now();
      for (let passed = 0; !isSo(); passed += 250) {
        assert(passed <= maxMs, `not so after ${maxMs} ms: ${emitted}`);
        for (const each of [serverClock, networkClock, clock]) each.advance(250);
        await turn();
        await turn();
      }
      return clock.now() - since;
    },
    pass: (ms: number) => {
      const end = clock.now() + ms;
      return it.until(() => clock.now() >= end);
    },
    async [Symbol.asyncDispose]() {
      for (const finish of held) finish();
      let isOver = false;
      void Promise.all([consumer.stop(), running]).then(() => isOver = true);
      await it.until(() => isOver);
      await settle(serverClock, producer.close());
      await server.close();
      assert.equal(clock.pending, 0, "a timer is left");
    },
  };
  return it;
}

for (const isHeard of [true, false]) {
  const how = isHeard ? "" : " without a network";
  test(`after eight hours of sleep${how}, a consumer reports it and registers again`, async () => {
    await using it = await setting();
    await it.producer.enqueue("slow", ["before"], { reserveFor: 60 });
    await it.until(() => it.runs.length === 1);
    if (!isHeard) it.proxy.silenceAll();
    it.serverClock.advance(8 * HOUR_MS);
    it.clock.jump(8 * HOUR_MS);
    assert.equal(it.server.snapshot().workers, 0);
    const tookMs = await it.until(() => it.server.snapshot().workers === 1 && it.lags.length > 0);
    assert(tookMs < (isHeard ? 2000 : 20_000), `registered after ${tookMs} ms`);
    // Both connections are replaced. The one for reports detects its loss by a heartbeat only.
    const bothMs = await it.until(() => it.emitted.includes("reconnect"));
    assert(tookMs + bothMs < 22_000, `back after ${tookMs + bothMs} ms`);
    assert(it.lags[0]! >= 7.9 * HOUR_MS && it.lags[0]! <= 8.1 * HOUR_MS, String(it.lags));
    await it.until(() => it.emitted.includes("expired"), 2000);
    it.held[0]!();
    await it.producer.enqueue("quick", ["after"]);
    await it.until(() => it.runs.includes("after"));
    // The reservation of the interrupted job has ended, and the job runs again.
    await it.until(() => it.runs.filter((run) => run === "before").length === 2);
    assert.deepEqual(it.emitted.filter((event) => event === "unreported"), []);
  });
}

test("a job that was in flight while the machine slept does not run: it expired", async () => {
  await using it = await setting();
  it.proxy.arm("delay", { verb: "FETCH", ms: 1000 });
  await it.producer.enqueue("quick", ["late"], { reserveFor: 60 });
  await turn();
  assert.equal(it.server.snapshot().working, 1);
  it.serverClock.advance(HOUR_MS);
  it.clock.jump(HOUR_MS);
  it.networkClock.advance(1000);
  for (let i = 0; i < 20; i++) await turn();
  assert(it.emitted.includes("expired"));
  assert.deepEqual(it.runs, []);
  // The server has returned it to its queue by itself.
  await it.until(() => it.runs.length > 0);
  await it.pass(5000);
  assert.deepEqual(it.runs, ["late"]);
  assert.equal(it.server.snapshot().working, 0);
});

test("after a loop is blocked for 70 s, a forgotten worker registers at once", async () => {
  await using it = await setting();
  await it.producer.enqueue("slow", ["under way"]);
  await it.until(() => it.runs.length === 1);
  it.serverClock.advance(80_000);
  it.clock.block(70_000);
  assert.equal(it.server.snapshot().workers, 0);
  const tookMs = await it.until(() => it.server.snapshot().workers === 1);
  assert(tookMs < 2000, `registered after ${tookMs} ms`);
  assert(it.lags[0]! >= 69_000 && it.lags[0]! <= 70_000, String(it.lags));
  // Its reservation lasts for half an hour, so it is neither aborted nor run again.
  it.held[0]!();
  await it.until(() => it.emitted.includes("done") && it.server.snapshot().working === 0);
  assert.equal(it.server.snapshot().processed, 1);
  assert.deepEqual(it.runs, ["under way"]);
  assert(!it.emitted.includes("expired"));
});

test("a loop that was blocked for 20 s reads its data before it checks timeouts", async () => {
  await using it = await setting();
  it.proxy.arm("delay", { verb: "FETCH", ms: 100 });
  await it.producer.enqueue("quick", ["came meanwhile"]);
  await turn();
  assert.equal(it.server.snapshot().working, 1);
  it.clock.block(20_000);
  it.networkClock.advance(100);
  await it.until(() => it.emitted.includes("done"));
  assert.deepEqual(it.runs, ["came meanwhile"]);
  assert.deepEqual(it.emitted, ["done"], "a connection was lost");
  assert(it.lags[0]! >= 19_000);
});

test("a clock set back by three hours is reported, and reservations end in time", async () => {
  await using it = await setting();
  await it.producer.enqueue("slow", ["long"], { reserveFor: 60 });
  await it.until(() => it.runs.length === 1);
  await it.pass(10_000);
  it.clock.jump(-3 * HOUR_MS);
  const setBack = new Promise<number>((resolve) =>
    it.consumer.on("clock", ({ setBackMs }) => resolve(setBackMs))
  );
  const tookMs = await it.until(() => it.emitted.includes("expired"));
  assert(tookMs >= 45_000 && tookMs <= 50_000, `expired after ${tookMs} ms`);
  const setBackMs = await setBack;
  assert(setBackMs > 2.9 * HOUR_MS && setBackMs <= 3 * HOUR_MS, String(setBackMs));
  // The result of this run is not sent any more.
  const verbs: string[] = [];
  it.proxy.onCommand = (verb) => verbs.push(verb);
  it.held[0]!();
  await it.pass(1000);
  assert.deepEqual(it.emitted, ["clock", "expired"]);
  assert(!verbs.includes("ACK"), String(verbs));
});

test("a clock set back while a new consumer is paused hides no end of a reservation", async () => {
  await using it = await setting();
  await it.producer.enqueue("slow", ["long"], { reserveFor: 60 });
  await turn();
  assert.equal(it.runs.length, 1);
  // The consumer is younger than the interval of any of its timers.
  assert(it.lags.length === 0);
  const verbs: string[] = [];
  it.proxy.onCommand = (verb) => verbs.push(verb);
  // The handler ends before any timer fires.
  it.clock.jump(-100_000 + 61_000);
  it.clock.after(0, () => it.held[0]!());
  await turn();
  it.clock.block(61_000);
  await it.pass(1000);
  assert(!verbs.includes("ACK"), String(verbs));
  assert(it.emitted.includes("expired") || it.emitted.includes("unreported"), String(it.emitted));
});

test("after a clock was set back, timeouts and limits still work", async () => {
  await using it = await setting({ limits: { perSecond: 10 } });
  const jobs = Array.from({ length: 30 }, (_, i) => ({ type: "quick", args: [i] }));
  await settle(it.serverClock, it.producer.enqueueMany(jobs), { stepMs: 1 });
  await it.until(() => it.runs.length >= 5);
  it.clock.jump(-3 * HOUR_MS);
  const tookMs = await it.until(() => it.runs.length === 30, 60_000);
  assert(tookMs <= 6000, `${tookMs} ms for 30 jobs, 10 a second`);
  it.proxy.silenceAll();
  it.clock.jump(-HOUR_MS);
  const noticedMs = await it.until(() => it.emitted.includes("disconnect"), 60_000);
  assert(noticedMs <= 17_250, `noticed after ${noticedMs} ms`);
  await it.producer.enqueue("quick", ["again"]);
  await it.until(() => it.runs.includes("again"), 60_000);
});

test("a clock that is set forward and corrected harms no job", async () => {
  await using it = await setting();
  it.clock.jump(-HOUR_MS);
  await it.pass(2000);
  await it.producer.enqueue("slow", ["x"], { reserveFor: 60 });
  await it.until(() => it.runs.length === 1);
  it.clock.jump(HOUR_MS);
  await it.pass(3000);
  assert.deepEqual(it.emitted.filter((event) => event === "expired"), []);
  it.held[0]!();
  await it.until(() => it.server.snapshot().working === 0);
  assert(it.emitted.includes("done"));
});

test("a monotonic clock follows its source forward but never back, and catches up again", () => {
  const wall = new WallClock(1000);
  const clock = monotonic(wall);
  assert.equal(monotonic(wall), clock);
  assert.equal(monotonic(clock), clock);
  assert.equal(clock.now(), 1000);
  wall.jump(-500);
  assert.equal(clock.now(), 1000);
  wall.advance(100);
  assert.equal(clock.now(), 1100);
  wall.jump(-50);
  assert.equal(clock.now(), 1100);
  wall.advance(10);
  assert.equal(clock.now(), 1110);
  wall.jump(550);
  assert.equal(clock.now(), 1110);
  wall.advance(10);
  assert.deepEqual([clock.now(), wall.now()], [1120, 1120]);
  wall.jump(10_000);
  assert.equal(clock.now(), 11_120);
  let isCalled = false;
  clock.after(5, () => isCalled = true);
  wall.advance(5);
  assert(isCalled);
});

test("a monotonic clock counts time that passed while its source was set back", () => {
  const wall = new WallClock(1_000_000);
  const clock = monotonic(wall);
  assert.equal(clock.now(), 1_000_000);
  for (const backMs of [1000, 59_000, 61_000, 500_000]) {
    const before = clock.now();
    wall.advance(60_000);
    wall.jump(-backMs);
    assert.equal(clock.now() - before, 60_000, `set back by ${backMs} ms`);
  }
});

test("a monotonic clock ignores a slow drift between the two clocks of a machine", () => {
  let [now, elapsed] = [1_000_000, 0];
  const clock = monotonic({ now: () => now, elapsed: () => elapsed, after: () => () => {} });
  for (const ms of [1, 100, 100_000, 100_000_000]) {
    for (let i = 0; i < 5000; i++) {
      now += ms;
      elapsed += ms * 1.0002;
      assert.equal(clock.now(), now);
    }
  }
});
