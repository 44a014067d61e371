import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type ConsumerOptions } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { bulk, jobReply } from "./scripted.ts";
import { until } from "./setting.ts";

/** Time that a server waits for a job before it sends an empty reply to a FETCH. */
const FETCH_MS = 2000;

interface Behaviour {
  /** Number of waiting jobs. */
  jobs: number;
  /**
   * True if it refuses more connections. Like the reference server, it does so after HELLO, without
   * a command.
   */
  isFull?: boolean;
  /**
   * True if it answers all commands of one write together, like a server that is faster than its
   * client.
   */
  readonly isFast?: boolean;
  /** If set, INFO has no reply before this resolves. */
  heldInfo?: Promise<void>;
}

/**
 * Starts a consumer whose server is the test. Each connection gets its replies in order, one
 * command in each turn of the event loop. A FETCH without a job takes two seconds. Only the test
 * moves the clock.
 */
function start(server: Behaviour, options: ConsumerOptions = {}) {
  const clock = new ManualClock(0);
  const peers: Peer[] = [];
  /** Time from the end of each job to the reply to its result. */
  const delays: number[] = [];
  const ranAt = new Map<string, number>();
  /** Number of answered lines of each connection. */
  const served = new Map<Peer, number>();
  let [tries, given] = [0, 0];
  /** Maximum number of unanswered FETCHes before a result on its connection. */
  let ahead = 0;
  async function serve(peer: Peer): Promise<void> {
    const came: number[] = [];
    let fetches = 0;
    peer.onLine = (line) => {
      came.push(clock.now());
      if (line.startsWith("FETCH")) fetches++;
      if (/^(ACK|FAIL)/.test(line)) ahead = Math.max(ahead, fetches);
    };
    await peer.greet();
    let replies = "";
    const send = (reply: string) => {
      replies += reply;
      if (peer.isClosed || (server.isFast === true && lines.length > count)) return;
      peer.say(replies);
      replies = "";
    };
    const { lines } = peer;
    let count = 1;
    for (let i = 1;; i++) {
      count = i + 1;
      served.set(peer, i);
      await peer.received(count);
      if (server.isFast !== true) await new Promise((resolve) => setImmediate(resolve));
      const line = lines[i]!;
      if (peer.isClosed || line === "END") return peer.end();
      if (line.startsWith("FETCH")) {
        const cameAt = came[i]!;
        if (server.jobs === 0) {
          await until(() => server.jobs > 0 || clock.now() - cameAt >= FETCH_MS);
        }
        fetches--;
        if (server.jobs === 0) {
          send("$-1\r\n");
          continue;
        }
        server.jobs--;
        send(jobReply(`job-${String(given++).padStart(6, "0")}`));
        continue;
      }
      const jid = /^(?:ACK|FAIL) .*"jid":"(.*?)"/.exec(line)?.[1];
      if (jid !== undefined) delays.push(clock.now() - ranAt.get(jid)!);
      if (line === "INFO") await server.heldInfo;
      const faktory = { queues: { default: server.jobs } };
      send(line === "INFO" ? bulk(JSON.stringify({ faktory, server: {} })) : "+OK\r\n");
    }
  }
  const consumer = new Consumer({
    url: "tcp://memory",
    concurrency: 100,
    clock,
    transport: {
      name: "memory",
      connect() {
        tries++;
        const peer = new Peer();
        if (server.isFull === true) {
          void peer.greet().then(() => peer.say("-ERR too many connections: 3\r\n")).then(() =>
            peer.end()
          );
        } else {
          peers.push(peer);
          void serve(peer);
        }
        return Promise.resolve(peer.connection);
      },
    },
    ...options,
  });
  let runs = 0;
  consumer.register("x", ({ jid }) => {
    runs++;
    ranAt.set(jid, clock.now());
  });
  const running = consumer.run();
  return {
    ...{ consumer, clock, peers, delays, running },
    runs: () => runs,
    tries: () => tries,
    ahead: () => ahead,
    /** Returns the lines without an answer. */
    pending: (peer: Peer) => peer.lines.slice(served.get(peer)),
    writes: () => peers.reduce((sum, { writes }) => sum + writes, 0),
    open: () => peers.filter(({ isClosed }) => !isClosed).length,
    /** Moves the clock in small steps. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 50) {
        clock.advance(50);
        for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async stop(): Promise<void> {
      let isOver = false;
      void consumer.stop().then(() => isOver = true);
      while (!isOver) await this.pass(50);
      await running;
      assert.equal(clock.pending, 0);
    },
  };
}

test("connections open while FETCHes wait in line, 16 at most, and close without jobs", async () => {
  const server: Behaviour = { jobs: 6000 };
  const one = start(server);
  await until(() => one.runs() >= 100);
  await until(() => one.open() === 16);
  await until(() => one.runs() === 6000);
  await one.pass(4000);
  assert.equal(one.open(), 16);
  await one.pass(7000);
  assert.equal(one.open(), 2);
  await one.stop();
  assert.equal(one.tries(), 16);
});

test("a server that answers faster than the consumer reads gets two connections", async () => {
  const server: Behaviour = { jobs: 6000, isFast: true };
  const one = start(server);
  await until(() => one.runs() === 6000);
  assert.equal(one.tries(), 2);
  await one.stop();
});

test("jobs that arrive one by one get two connections at any concurrency", async () => {
  const server: Behaviour = { jobs: 0 };
  const one = start(server);
  for (let count = 1; count <= 300; count++) {
    server.jobs++;
    await until(() => one.runs() === count);
  }
  assert.equal(one.tries(), 2);
  await one.stop();
});

test("a result waits for one FETCH at most, even when the queue becomes empty", async () => {
  const server: Behaviour = { jobs: 5000 };
  const one = start(server);
  await until(() => one.open() === 16 && one.runs() > 2000);
  // The last INFO is out of date: another worker has taken all jobs.
  server.jobs = 0;
  await one.pass(4000);
  assert.equal(one.delays.length, one.runs());
  assert.equal(one.ahead(), 1);
  assert(Math.max(...one.delays) <= FETCH_MS + 500, `${Math.max(...one.delays)} ms`);
  await one.stop();
});

test("FETCHes and results of several jobs leave in one write while jobs wait", async () => {
  const server: Behaviour = { jobs: 100_000 };
  const one = start(server);
  await until(() => one.open() === 16 && one.runs() > 2000);
  const before = one.writes();
  await until(() => one.runs() > 5000);
  const each = (one.writes() - before) / 3000;
  assert(each < 0.5, `${each} writes a job`);
  await one.stop();
});

test("a stop without grace leaves no result unreported on busy connections", async () => {
  const server: Behaviour = { jobs: 5000 };
  const one = start(server);
  await until(() => one.open() === 16 && one.runs() > 2000);
  server.jobs = 0;
  await until(() => one.peers.some((peer) => one.pending(peer).length > 1));
  const stoppedAt = one.clock.now();
  let isOver = false;
  void one.consumer.stop({ graceMs: 0 }).then(() => isOver = true);
  while (!isOver) await one.pass(50);
  const { done, unfinished, unreported } = await one.running;
  assert(one.clock.now() - stoppedAt <= 2600, `${one.clock.now() - stoppedAt} ms`);
  assert.deepEqual([done, unfinished.length, unreported.length], [one.runs(), 0, 0]);
  assert.equal(one.delays.length, one.runs());
  assert.equal(one.clock.pending, 0);
});

test("an INFO that is answered after a stop does not delay the results of jobs", async () => {
  const server: Behaviour = { jobs: 100_000 };
  const one = start(server);
  await until(() => one.open() === 16 && one.runs() > 2000);
  const info = deferred<void>();
  server.heldInfo = info.promise;
  const commands = one.peers[1]!;
  while (one.pending(commands)[0] !== "INFO") await one.pass(50);
  const finish = deferred<void>();
  one.consumer.register("x", () => finish.promise);
  await until(() => one.consumer.running.length === 100);
  void one.consumer.stop();
  info.resolve();
  await until(() => one.pending(commands).length === 0);
  finish.resolve();
  const { done, unreported } = await one.running;
  assert.deepEqual([done, unreported.length], [one.runs() + 100, 0]);
  assert.equal(one.clock.pending, 0);
});

test("a server with too many connections is asked again after ten seconds", async () => {
  const server: Behaviour = { jobs: 2000 };
  const one = start(server);
  const events: string[] = [];
  for (const event of ["disconnect", "fetchError", "warning"] as const) {
    one.consumer.on(event, () => events.push(event));
  }
  await until(() => one.open() === 2);
  server.isFull = true;
  await until(() => one.runs() === 2000);
  assert.equal(one.tries(), 3);
  server.isFull = false;
  await one.pass(10_000);
  server.jobs = 2000;
  await until(() => one.runs() === 4000);
  assert(one.open() > 2);
  assert.deepEqual(events, []);
  await one.stop();
});

test("results are confirmed while jobs wait and the connection without FETCHes is lost", async () => {
  const server: Behaviour = { jobs: 100_000 };
  const one = start(server, { reconnect: { initialMs: 10, maxMs: 10 } });
  await until(() => one.open() === 16 && one.runs() > 2000);
  // The clock stands still, so it is not opened again.
  one.peers[1]!.end();
  await until(() => one.delays.length > 4000);
  assert.equal(one.tries(), 16);
  await one.stop();
});

test("a lost connection loses no result, and its FETCH is not sent again", async () => {
  const server: Behaviour = { jobs: 5000 };
  const one = start(server, { reconnect: { initialMs: 10, maxMs: 10 } });
  await until(() => one.open() === 16 && one.runs() > 2000);
  const has = (peer: Peer, verb: string) => one.pending(peer).find((line) => line.startsWith(verb));
  const both = (peer: Peer) => has(peer, "FETCH") !== undefined && has(peer, "ACK") !== undefined;
  await until(() => one.peers.some(both));
  const lost = one.peers.find(both)!;
  const unconfirmed = has(lost, "ACK")!;
  lost.end();
  await one.pass(100);
  const again = one.peers.filter((peer) => peer !== lost && peer.lines.includes(unconfirmed));
  assert.equal(again.length, 1);
  // The result comes first, as FETCHes are not resent.
  const { lines } = again[0]!;
  const fetchAt = lines.findIndex((line) => line.startsWith("FETCH"));
  assert(fetchAt === -1 || lines.indexOf(unconfirmed) < fetchAt);
  await until(() => server.jobs === 0);
  await one.stop();
});
