import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, Consumer, type JobContext } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { jobReply, script, serve } from "./scripted.ts";
import { reconnect, until } from "./setting.ts";

interface Beat {
  readonly wid: string;
  readonly current_state?: string;
  readonly rss_kb: number;
}

/** Returns the contents of the BEATs among these lines. */
function beats(lines: readonly string[]): Beat[] {
  return lines.filter((line) => line.startsWith("BEAT ")).map((line) => JSON.parse(line.slice(5)));
}

/**
 * Returns a consumer with one connection for FETCH and one for other commands, which the test can
 * cut. Its FETCHes get `jobs`.
 */
async function cuttable() {
  const peers: Peer[] = [];
  const jobs = [jobReply("jid-jid-1")];
  const state = { isDown: false, wanted: "running" };
  const clock = new ManualClock();
  const consumer = new Consumer({
    url: "tcp://memory",
    connections: 2,
    clock,
    reconnect,
    commandTimeoutMs: 60_000,
    transport: {
      name: "memory",
      connect() {
        if (state.isDown) return Promise.reject(new ConnectError("CONNECT_FAILED", "down"));
        const peer = new Peer();
        peers.push(peer);
        void peer.greet();
        serve(peer, answer);
        return Promise.resolve(peer.connection);
      },
    },
  });
  function answer(line: string): string | undefined {
    if (line.startsWith("FETCH")) return jobs.shift() ?? "";
    if (line.startsWith("BEAT") && state.wanted !== "running") {
      return `+{"state":"${state.wanted}"}\r\n`;
    }
    return undefined;
  }
  const finish = deferred<void>();
  let runs = 0;
  consumer.register("x", () => {
    runs++;
    return finish.promise;
  });
  const running = consumer.run();
  await until(() => runs === 1);
  await settle();
  return {
    consumer,
    clock,
    state,
    finish,
    running,
    /** Cuts every connection. */
    async cut(): Promise<void> {
      for (const peer of peers.splice(0)) peer.end();
      await settle();
    },
    /** Waits for so many new connections, and returns a function that reads their commands. */
    async back(count: number): Promise<() => string[]> {
      while (peers.length < count) {
        clock.advance(5);
        await settle();
      }
      await settle();
      return () =>
        peers.flatMap(({ lines }) => lines).map((line) => line.split(" ")[0]!)
          // Sent on each new connection before its use.
          .filter((verb) => verb !== "INFO");
    },
    lines: () => peers.flatMap(({ lines }) => lines),
  };
}

/** Lets data in flight arrive. All of it is in memory. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("it sends a BEAT every 15 s until the end, with its memory and its state", async () => {
  const finish = deferred<void>();
  const { give, stop, wait, commands, consumer, clock } = await script({
    setUp: (consumer) => consumer.register("x", () => finish.promise),
  });
  await give(jobReply("jid-jid-1"));
  await until(() => consumer.running.length === 1);
  await wait(14_999);
  assert.deepEqual(beats(commands.lines), []);
  await wait(15_001);
  consumer.quiet();
  await wait(30_000);
  const stopping = stop({ graceMs: 60_000 });
  await wait(30_000);
  finish.resolve();
  await stopping;
  const sent = beats(commands.lines);
  assert.deepEqual(sent.map((beat) => beat.current_state), [
    undefined,
    undefined,
    "quiet",
    "quiet",
    "terminate",
    "terminate",
  ]);
  for (const { wid, rss_kb } of sent) {
    assert.equal(wid, consumer.wid);
    assert(Number.isInteger(rss_kb) && rss_kb > 1000, `${rss_kb}`);
  }
  assert.equal(clock.pending, 0);
});

test("it sends BEATs while a stop waits for jobs that handlers enqueued", async () => {
  const contexts: JobContext[] = [];
  let isHeld = false;
  const { give, stop, wait, commands, clock } = await script({
    answer: () => isHeld ? "" : undefined,
    setUp: (consumer) => consumer.register("x", (_job, context) => void contexts.push(context)),
  });
  await wait(10_000);
  await give(jobReply("jid-jid-1"));
  await commands.received(2);
  await settle();
  isHeld = true;
  const enqueuing = contexts[0]!.producer.enqueue("y");
  await commands.received(3);
  const stopping = stop();
  // The result of every job is sent by then.
  await settle();
  await wait(5000);
  assert.equal(beats(commands.lines).at(-1)?.current_state, "terminate");
  isHeld = false;
  commands.say("+OK\r\n+OK\r\n");
  await Promise.all([enqueuing, stopping]);
  assert.equal(clock.pending, 0);
});

test("it sends no second BEAT while the first has no answer", async () => {
  let silent = true;
  const { stop, commands, clock } = await script({
    commandTimeoutMs: 100_000,
    answer: (line) => line.startsWith("BEAT") && silent ? "" : undefined,
  });
  for (let i = 0; i < 4; i++) {
    clock.advance(15_000);
    await settle();
  }
  assert.equal(beats(commands.lines).length, 1);
  silent = false;
  commands.say("+OK\r\n");
  await settle();
  clock.advance(15_000);
  await until(() => beats(commands.lines).length === 2);
  await stop();
});

test("the state that the server requests takes effect, and is never reset", async () => {
  const wanted = ["running", "quiet", "quiet", "running", "terminate", "quiet"];
  const finish = deferred<void>();
  const states: string[] = [];
  const { give, stop, wait, commands, consumer, running } = await script({
    answer(line) {
      if (!line.startsWith("BEAT")) return undefined;
      const text = `{"state":"${wanted.shift()}"}`;
      // Old servers send no state when they want none.
      return text.includes("running") ? "+OK\r\n" : `+${text}\r\n`;
    },
    setUp(consumer) {
      consumer.register("x", () => finish.promise);
      consumer.on("state", ({ state }) => states.push(state));
    },
  });
  await give(jobReply("jid-jid-1"));
  while (wanted.length > 0) await wait(5000);
  finish.resolve();
  assert.equal((await stop()).reason, "server");
  await running;
  assert.deepEqual(states, ["running", "quiet", "stopping", "stopped"]);
  assert.equal(consumer.state, "stopped");
  assert.equal(beats(commands.lines).length, 6);
});

test("quiet stays quiet after all connections were lost, and is sent again", async () => {
  const { consumer, clock, state, finish, running, cut, back, lines } = await cuttable();
  state.wanted = "quiet";
  clock.advance(15_000);
  await until(() => consumer.state === "quiet");
  // The server forgets the state with the consumer's last connection.
  state.wanted = "running";
  await cut();
  const verbs = await back(2);
  assert.deepEqual(verbs(), ["HELLO", "HELLO"]);
  clock.advance(15_000);
  await settle();
  assert.deepEqual(beats(lines()).map((beat) => beat.current_state), ["quiet"]);
  assert.equal(consumer.state, "quiet");
  finish.resolve();
  await until(() => lines().includes(`ACK {"jid":"jid-jid-1"}`));
  await consumer.stop();
  assert.deepEqual(await running, {
    reason: "stopped",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert(!verbs().includes("FETCH"));
});

test("a FETCH that waits for a connection is not sent after quiet", async () => {
  const { consumer, state, finish, running, cut, back } = await cuttable();
  state.isDown = true;
  await cut();
  consumer.quiet();
  state.isDown = false;
  const verbs = await back(2);
  assert.deepEqual(verbs(), ["HELLO", "HELLO"]);
  finish.resolve();
  await consumer.stop();
  assert.equal((await running).done, 1);
});

test("an end that the server requested survives lost connections", async () => {
  const { consumer, clock, state, finish, running, cut, back, lines } = await cuttable();
  state.wanted = "terminate";
  clock.advance(15_000);
  await until(() => consumer.state === "stopping");
  state.wanted = "running";
  await cut();
  // FETCH has ended, so only the connection for other commands comes back.
  await back(1);
  finish.resolve();
  assert.deepEqual(await running, {
    reason: "server",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert(lines().includes(`ACK {"jid":"jid-jid-1"}`));
  assert.equal(clock.pending, 0);
});

test("a worker unknown to the server registers again, and its job goes on", async () => {
  const finish = deferred<void>();
  let isKnown = false;
  let runs = 0;
  const { give, stop, wait, commands, fetch, peers, consumer } = await script({
    answer: (line) => line.startsWith("BEAT") && !isKnown ? "-ERR unknown worker x\r\n" : undefined,
    setUp: (consumer) =>
      consumer.register("x", () => {
        runs++;
        return finish.promise;
      }),
  });
  const lost: unknown[] = [];
  consumer.on("disconnect", ({ error }) => lost.push((error as { code?: string }).code));
  await give(jobReply("jid-jid-1"));
  await wait(15_010);
  assert.deepEqual([lost, commands.isClosed], [["UNKNOWN_WORKER"], true]);
  isKnown = true;
  await wait(200);
  const again = peers[2]!;
  await again.received(1);
  assert.equal(JSON.parse(again.lines[0]!.slice(6)).wid, consumer.wid);
  serve(again);
  // A FETCH is not interrupted for it, as the job in its reply would be lost.
  assert.equal(fetch.isClosed, false);
  await wait(15_000);
  assert.deepEqual(beats(again.lines).map(({ wid }) => wid), [consumer.wid]);
  finish.resolve();
  await until(() => again.lines.includes(`ACK {"jid":"jid-jid-1"}`));
  assert.deepEqual([runs, lost.length, peers.length], [1, 1, 3]);
  await stop();
});
