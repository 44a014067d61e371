import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { script } from "./scripted.ts";
import { until } from "./setting.ts";

/**
 * Returns a consumer of one job at a time whose server is the test: one connection for commands,
 * one for FETCH.
 */
function scripted() {
  const peers: Peer[] = [];
  const clock = new ManualClock();
  const consumer = new Consumer({
    url: "tcp://memory",
    concurrency: 1,
    clock,
    transport: {
      name: "memory",
      connect() {
        const peer = new Peer();
        void peer.greet();
        peers.push(peer);
        return Promise.resolve(peer.connection);
      },
    },
  });
  const errors: unknown[] = [];
  consumer.on("fetchError", ({ error }) => errors.push(error));
  return { consumer, peers, clock, errors };
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

test("an unreadable job or a refused FETCH is reported, and fetching resumes later", async () => {
  const { consumer, peers, clock, errors } = scripted();
  const jobs: string[] = [];
  consumer.register("x", (job) => void jobs.push(job.jid));
  const running = consumer.run();
  await until(() => peers.length === 2);
  const [fetch, commands] = peers as [Peer, Peer];
  await fetch.received(2);
  fetch.say(bulk('{"jid":"12345678","jobtype":"x"}'));
  await until(() => errors.length === 1);
  assert.equal((errors[0] as { code: string }).code, "PROTOCOL_VIOLATION");
  assert.equal(fetch.lines.length, 2);
  clock.advance(1000);
  await fetch.received(3);
  fetch.say("-ERR the store is full\r\n");
  await until(() => errors.length === 2);
  assert.match(String(errors[1]), /the store is full/);
  clock.advance(1000);
  await fetch.received(4);
  fetch.say(bulk('{"jid":"12345679","jobtype":"x","args":[]}'));
  await commands.received(2);
  assert.equal(commands.lines[1], 'ACK {"jid":"12345679"}');
  assert.deepEqual(jobs, ["12345679"]);
  commands.say("+OK\r\n");
  await fetch.received(5);
  const stopping = consumer.stop();
  fetch.say("$-1\r\n");
  await Promise.all([commands.received(3), fetch.received(6)]);
  assert.deepEqual([commands.lines[2], fetch.lines[5]], ["END", "END"]);
  commands.end();
  fetch.end();
  await stopping;
  assert.deepEqual(await running, {
    reason: "stopped",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(clock.pending, 0);
});

test("more FETCHes than connections are in flight only while a backlog is known", async () => {
  const peers: Peer[] = [];
  const consumer = new Consumer({
    url: "tcp://memory",
    concurrency: 100,
    connections: 2,
    transport: {
      name: "memory",
      connect() {
        const peer = new Peer();
        void peer.greet();
        peers.push(peer);
        return Promise.resolve(peer.connection);
      },
    },
  });
  consumer.register("x", () => new Promise(() => {}));
  const running = consumer.run();
  await until(() => peers.length === 2);
  const [fetch, commands] = peers as [Peer, Peer];
  await fetch.received(2);
  let jobs = 0;
  const job = () =>
    bulk(`{"jid":"job-${String(jobs++).padStart(6, "0")}","jobtype":"x","args":[]}`);
  fetch.say(job());
  await commands.received(2);
  assert.equal(commands.lines[1], "INFO");
  // One FETCH at a time before the first INFO.
  await fetch.received(3);
  assert.equal(fetch.lines.length, 3);
  commands.say(bulk(JSON.stringify({ faktory: { queues: { default: 500 } }, server: {} })));
  // A tenth of the waiting jobs, minus those fetched since.
  await fetch.received(2 + 49);
  assert(fetch.lines.length <= 2 + 50, `${fetch.lines.length - 1} FETCHes`);
  const stopping = consumer.stop({ graceMs: 0 });
  // HELLO and the FETCH that got a job have their replies.
  for (let i = 2; i < fetch.lines.length; i++) fetch.say("$-1\r\n");
  await until(() => commands.lines.some((line) => line.startsWith("FAIL")));
  commands.say("+OK\r\n");
  commands.end();
  fetch.end();
  await stopping;
  await running.catch(() => {});
});

test("a server that replies at once is asked ten times a second on a connection", async () => {
  const { fetch, clock, consumer, running } = await script();
  let answered = 1;
  for (let ms = 0; ms < 5000; ms += 10) {
    for (; answered < fetch.lines.length; answered++) fetch.say("$-1\r\n");
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const fetches = fetch.lines.length - 1;
  assert(fetches >= 20 && fetches <= 51, `${fetches} FETCHes in five seconds`);
  void consumer.stop();
  for (; answered < fetch.lines.length; answered++) fetch.say("$-1\r\n");
  await until(() => fetch.lines.at(-1) === "END");
  fetch.end();
  assert.equal((await running).reason, "stopped");
});
