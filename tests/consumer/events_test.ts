import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionLostError, type ConsumerEvents, Discard, Snooze } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { jobReply, script, type ScriptOptions, serve } from "./scripted.ts";
import { once, until } from "./setting.ts";

type Script = Awaited<ReturnType<typeof script<"run">>>;

/** Causes an event, and checks its details. */
interface EventCause<Detail> {
  /** Options of the consumer and its server. */
  readonly options?: ScriptOptions;
  /** Causes the event. */
  provoke(script: Script): unknown;
  /** Checks all details of the event. */
  check(details: readonly [Detail, ...Detail[]]): void;
  /** Ends the consumer, if a stop is not enough. */
  end?(script: Script): Promise<unknown>;
}

const JID = "jid-jid-1";
const SECOND = 1000;

/** A clock whose time can be ahead of its timers, which then run late. */
class LateClock extends ManualClock {
  late = 0;

  override now(): number {
    return super.now() + this.late;
  }
}

/** Handlers of all consumers in this file, by job type. */
const handlers = {
  async works(_job: unknown, context: { progress(percent: number): Promise<boolean> }) {
    await context.progress(50);
  },
  throws() {
    throw new RangeError("too far");
  },
  discards: () => new Discard("no use"),
  snoozes: () => new Snooze(60, "not yet"),
  hangs: () => new Promise(() => {}),
};

const run = (jobtype: keyof typeof handlers | "unknown", fields = {}) => (script: Script) =>
  script.give(jobReply(JID, { jobtype, ...fields }));

/** One entry for each event. A missing or unknown event is a compile error. */
const provocations: { [Name in keyof ConsumerEvents]: EventCause<ConsumerEvents[Name]> } = {
  start: {
    provoke: run("works"),
    check: ([{ job }]) => assert.deepEqual([job.jid, job.type], [JID, "works"]),
  },
  done: {
    provoke: run("works"),
    check: ([{ job, elapsedMs }]) => assert.deepEqual([job.jid, elapsedMs], [JID, 0]),
  },
  fail: {
    provoke: run("throws"),
    check([{ job, error, elapsedMs, attempt, willRetry, next, retryAt }]) {
      assert(error instanceof RangeError);
      assert.deepEqual([job.jid, elapsedMs, attempt], [JID, 0, 1]);
      assert.deepEqual([willRetry, next], [true, "retry"]);
      assert(retryAt instanceof Date);
    },
  },
  dead: {
    provoke: run("throws", { retry: -1 }),
    check([{ job, error, attempt, deadLetter }]) {
      assert(error instanceof RangeError);
      assert.deepEqual([job.jid, attempt, deadLetter], [JID, 1, undefined]);
    },
  },
  dropped: {
    provoke: run("throws", { retry: 0 }),
    check([{ job, error, attempt }]) {
      assert(error instanceof RangeError);
      assert.deepEqual([job.jid, attempt], [JID, 1]);
    },
  },
  discard: {
    provoke: run("discards"),
    check([{ job, outcome, elapsedMs }]) {
      assert(outcome instanceof Discard);
      assert.deepEqual([job.jid, outcome.message, elapsedMs], [JID, "no use", 0]);
    },
  },
  snooze: {
    provoke: run("snoozes"),
    check([{ job, outcome, elapsedMs }]) {
      assert(outcome instanceof Snooze);
      assert.deepEqual([job.jid, outcome.seconds, elapsedMs], [JID, 60, 0]);
    },
  },
  requeued: {
    options: { unregistered: "leave" },
    provoke: run("unknown"),
    check: ([{ job, reason }]) => assert.deepEqual([job.jid, reason], [JID, "unregistered"]),
  },
  unreported: {
    options: { answer: (line) => line.startsWith("ACK") ? "-ERR no\r\n" : undefined },
    provoke: run("works"),
    check([{ job, error }]) {
      assert.deepEqual([job.jid, (error as { code: string }).code], [JID, "SERVER_ERROR"]);
    },
  },
  expired: {
    async provoke(script) {
      await run("hangs", { reserve_for: 60 })(script);
      await until(() => script.consumer.running.length === 1);
      await script.wait(60 * SECOND);
    },
    check: ([{ job }]) => assert.equal(job.jid, JID),
    async end({ consumer, clock, stop }) {
      const stopping = stop({ graceMs: 0 });
      await until(() => consumer.state === "stopping");
      clock.advance(250);
      assert.deepEqual((await stopping).unfinished, []);
    },
  },
  fetchError: {
    provoke: ({ give }) => give("-ERR no\r\n"),
    check: ([{ error }]) => assert.equal((error as { code: string }).code, "SERVER_ERROR"),
  },
  state: {
    provoke({ consumer }) {
      consumer.quiet();
    },
    check(details) {
      const states = details.map(({ state }) => state);
      assert.deepEqual(states, ["running", "quiet", "stopping", "stopped"]);
    },
  },
  disconnect: {
    async provoke({ commands, clock }) {
      commands.end();
      await until(() => commands.isClosed);
      clock.advance(10);
    },
    check([{ error, connections, retryInMs }]) {
      assert(error instanceof ConnectionLostError);
      assert.equal(connections, 1);
      assert(retryInMs! >= 50 && retryInMs! <= 100, `${retryInMs}`);
    },
  },
  outage: {
    // Longer than the outage, so that the other connection does not count as silent.
    options: { commandTimeoutMs: 600 * SECOND },
    async provoke({ commands, clock, consumer, peers }) {
      const lost = once((listener) => consumer.on("disconnect", listener));
      commands.end();
      await until(() => commands.isClosed);
      clock.advance(10);
      await lost;
      clock.advance(60 * SECOND);
      await until(() => peers.length > 2);
      serve(peers.at(-1)!);
    },
    check([{ error, outageMs }]) {
      assert(error instanceof ConnectionLostError);
      assert.equal(outageMs, 60 * SECOND);
    },
  },
  reconnect: {
    async provoke({ commands, consumer, clock, peers }) {
      const lost = once((listener) => consumer.on("disconnect", listener));
      commands.end();
      await until(() => commands.isClosed);
      clock.advance(10);
      await lost;
      clock.advance(100);
      await until(() => peers.length === 3);
      serve(peers[2]!);
    },
    check([{ attempts, connections, outageMs }]) {
      assert.deepEqual([attempts, connections, outageMs], [1, 1, 110]);
    },
  },
  lag: {
    options: { clock: new LateClock() },
    provoke({ consumer, clock }) {
      assert.equal(consumer.state, "running");
      (clock as LateClock).late = 300;
      clock.advance(SECOND);
    },
    check: ([{ lagMs }]) => assert.equal(lagMs, 300),
  },
  clock: {
    options: { clock: new LateClock() },
    provoke({ consumer, clock }) {
      assert.equal(consumer.state, "running");
      (clock as LateClock).late = -300;
      clock.advance(SECOND);
    },
    check: ([{ setBackMs }]) => assert.equal(setBackMs, 300),
  },
  warning: {
    options: {
      answer: (line) =>
        line.startsWith("TRACK")
          ? "-ERR tracking subsystem is only available in Faktory Enterprise\r\n"
          : undefined,
    },
    provoke: run("works"),
    check([{ code, message }]) {
      assert.equal(code, "ENTERPRISE_ONLY");
      assert.match(message, /not Faktory Enterprise/);
    },
  },
  listenerError: {
    async provoke(script) {
      script.consumer.on("start", () => {
        throw new Error("from a listener");
      });
      await run("works")(script);
    },
    check([{ event, error }]) {
      assert.deepEqual([event, String(error)], ["start", "Error: from a listener"]);
    },
  },
};

/** Details of all events during one provocation. */
type Details = { [Name in keyof ConsumerEvents]: ConsumerEvents[Name][] };

async function detailsOf(
  name: keyof ConsumerEvents,
): Promise<{ details: Details; script: Script }> {
  const { options, provoke, end } = provocations[name];
  const details = Object.fromEntries(
    Object.keys(provocations).map((name) => [name, []]),
  ) as never as Details;
  const one = await script({
    ...options,
    setUp(consumer) {
      for (const [type, handler] of Object.entries(handlers)) consumer.register(type, handler);
      for (const event of Object.keys(details) as (keyof ConsumerEvents)[]) {
        consumer.on(event, (detail) => void details[event].push(detail as never));
      }
    },
  });
  await provoke(one);
  await until(() => details[name].length > 0);
  await (end ?? (({ stop }: Script) => stop()))(one);
  return { details, script: one };
}

for (const name of Object.keys(provocations) as (keyof ConsumerEvents)[]) {
  test(`the event ${name} has the details that its documentation names`, async () => {
    const { details: all } = await detailsOf(name);
    const { check } = provocations[name] as EventCause<unknown>;
    if (name !== "state") assert.equal(all[name].length, 1);
    check(all[name] as never);
  });
}

test("a successful job causes the events start and done only", async () => {
  const { details: all } = await detailsOf("done");
  const names = Object.entries(all).filter(([, details]) => details.length > 0).map(([name]) =>
    name
  );
  assert.deepEqual(names.sort(), ["done", "start", "state"]);
  assert.equal(all.start[0]!.job, all.done[0]!.job);
});

test("a listener that was removed is not called any more", async () => {
  const seen: string[] = [];
  const { consumer, give, stop, commands } = await script({
    setUp: (consumer) => consumer.register("x", () => {}),
  });
  const forget = consumer.on("start", ({ job }) => {
    seen.push(job.jid);
    forget();
  });
  await give(jobReply("jid-jid-1"));
  await give(jobReply("jid-jid-2"));
  await commands.received(3);
  await stop();
  assert.deepEqual(seen, ["jid-jid-1"]);
});
