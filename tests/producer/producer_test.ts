import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectError,
  ConnectionLostError,
  Producer,
  ServerError,
  streamTransport,
} from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import type { Peer } from "../connection/peer.ts";
import { CuttableTransport } from "../faults/cuttable.ts";
import { openPeer, scripted } from "./setting.ts";

const reconnect = { initialMs: 5, maxMs: 20 };

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

test("a single job is a PUSH, jobs of one turn share a PUSHB, each with its result", async () => {
  const { peer, producer } = await scripted();
  const lone = producer.enqueue("a", [], { jid: "jid-lone" });
  await peer.received(1);
  assert.match(peer.lines[0]!, /^PUSH \{"Retry":null,"jid":"jid-lone"/);
  peer.say("+OK\r\n");
  assert.equal(await lone, "jid-lone");
  const many = ["b", "c", "d"].map((type) =>
    producer.enqueue(type, [], { jid: `jid-${type}-000` })
  );
  await peer.received(2);
  assert.match(peer.lines[1]!, /^PUSHB \[\{"jid":"jid-b-000".*"jid-c-000".*"jid-d-000"/);
  peer.say(bulk(JSON.stringify({ "jid-c-000": "no room" })));
  const [b, c, d] = await Promise.allSettled(many);
  assert.deepEqual([b!.status, c!.status, d!.status], ["fulfilled", "rejected", "fulfilled"]);
  const { reason } = c as PromiseRejectedResult;
  assert(reason instanceof ServerError);
  assert.equal(reason.reply, "no room");
});

test("jobs that arrive during a write are sent together after it", async () => {
  const { peer, producer } = await scripted();
  let release = () => {};
  peer.hold = new Promise((resolve) => release = resolve);
  const first = producer.enqueue("a");
  await peer.received(1);
  const later: Promise<string>[] = [];
  for (let i = 0; i < 3; i++) {
    later.push(producer.enqueue("b"));
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
  assert.equal(peer.lines.length, 1);
  release();
  await peer.received(2);
  assert.match(peer.lines[1]!, /^PUSHB /);
  peer.say(`+OK\r\n${bulk("{}")}`);
  await Promise.all([first, ...later]);
  assert.equal(peer.lines.length, 2);
});

test("a command has at most 1000 jobs and about a megabyte", async () => {
  const { peer, producer } = await scripted();
  const many = Array.from({ length: 2500 }, () => producer.enqueue("x"));
  await peer.received(3);
  const sizes = peer.lines.map((line) => JSON.parse(line.slice("PUSHB ".length)).length);
  assert.deepEqual(sizes, [1000, 1000, 500]);
  peer.say(bulk("{}").repeat(3));
  await Promise.all(many);
  const large = Array.from({ length: 5 }, () => producer.enqueue("x", ["y".repeat(600_000)]));
  await peer.received(6);
  peer.say(`${bulk("{}").repeat(2)}+OK\r\n`);
  await Promise.all(large);
});

test("an aborted call is not sent, and other calls still get their replies", async () => {
  const { peer, producer } = await scripted();
  const stop = new AbortController();
  const reason = new Error("enough");
  const aborted = producer.enqueue("a", [], { signal: stop.signal });
  const kept = producer.enqueue("b", [], { jid: "kept-kept" });
  stop.abort(reason);
  await assert.rejects(aborted, reason);
  await peer.received(1);
  assert.match(peer.lines[0]!, /^PUSH \{"Retry":null,"jid":"kept-kept"/);
  peer.say("+OK\r\n");
  await kept;
  await assert.rejects(producer.enqueue("c", [], { signal: stop.signal }), reason);
  await assert.rejects(producer.enqueueMany([{ type: "c" }], { signal: stop.signal }), reason);
  assert.equal(peer.lines.length, 1);
});

test("an unexpected reply rejects, and the connection is not used again", async () => {
  const { peer, producer } = await scripted();
  const wrong = producer.enqueue("a");
  await peer.received(1);
  peer.say(bulk("what"));
  await assert.rejects(wrong, { code: "UNEXPECTED_REPLY" });
  assert.equal(peer.isClosed, true);
  await assert.rejects(producer.enqueue("b"), { code: "UNEXPECTED_REPLY" });
});

test("a call never throws: errors reject its promise", async () => {
  const { producer, peer } = await scripted();
  const calls = [
    producer.enqueue(undefined as never),
    producer.enqueue(""),
    producer.enqueue("x", 1 as never),
    producer.enqueue("x", [1n]),
    producer.enqueue("x", [], { queue: "a b" }),
    producer.enqueue("x", [], { jid: "short" }),
    producer.enqueue("x", [], { reserveFor: 59 }),
    producer.enqueue("x", [], { at: new Date(NaN) }),
    producer.enqueueMany(5 as never),
    producer.queues.pause(""),
    producer.queues.pause([]),
    producer.queues.latency("*"),
    producer.queues.remove(["*", "b"]),
    producer.sets.dead.kill(undefined as never),
    producer.tracking.get("two words"),
    producer.tracking.get("line\r\nFLUSH"),
    producer.tracking.set({ jid: "12345678", percent: 101 }),
    producer.batches.open({}, () => {}),
    producer.batches.status("a b"),
  ];
  const outcomes = await Promise.allSettled(calls);
  for (const [i, outcome] of outcomes.entries()) {
    assert.equal(outcome.status, "rejected", `call ${i}`);
    const { reason } = outcome as PromiseRejectedResult;
    assert.match(String(reason.code), /^INVALID_/, `call ${i}: ${reason}`);
  }
  assert.deepEqual(peer.lines, []);
});

test("commands in flight are sent again after a cut, and nothing is lost", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  const transport = new CuttableTransport();
  const producer = await Producer.connect({ url: server.url, transport, reconnect });
  const events: string[] = [];
  producer.on("disconnect", () => events.push("disconnect"));
  producer.on("reconnect", () => events.push("reconnect"));
  const jids = new Set<string>();
  for (let round = 0; round < 20; round++) {
    const jobs = Array.from({ length: 50 }, () => producer.enqueue("x"));
    // Cut at different moments: before, during and after the write.
    for (let turn = 0; turn < round; turn++) await Promise.resolve();
    transport.cut();
    for (const jid of await Promise.all(jobs)) jids.add(jid);
  }
  assert.equal(jids.size, 1000);
  await producer.close();
  assert(server.snapshot().queues["default"]! >= 1000);
  assert.equal(events[0], "disconnect");
  assert(events.includes("reconnect"));
});

test("a job waits for the server, or is rejected when the attempts are used up", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  const producer = await Producer.connect({
    url: server.url,
    reconnect: { ...reconnect, attempts: 3 },
  });
  const lost = new Promise((resolve) => producer.on("disconnect", resolve));
  await server.close();
  await lost;
  const given = producer.enqueue("given up");
  await assert.rejects(given, (error) => {
    assert(error instanceof ConnectionLostError);
    assert.equal(error.outcome, "not-sent");
    assert(error.cause instanceof ConnectError);
    return true;
  });
  const waiting = producer.enqueue("waits");
  await using again = await FaktoryServer.start({ port: server.port });
  await waiting;
  assert.deepEqual(again.snapshot().queues, { default: 1 });
  await producer.close();
});

test("with at-most-once, a job whose reply was lost rejects as unknown, not resent", async () => {
  const peers: Peer[] = [];
  const connecting = Producer.connect({
    url: "tcp://memory",
    delivery: "at-most-once",
    reconnect,
    transport: {
      name: "memory",
      connect() {
        const peer = openPeer();
        void peer.greet();
        peers.push(peer);
        return Promise.resolve(peer.connection);
      },
    },
  });
  const producer = await connecting;
  const lost = producer.enqueue("x");
  await peers[0]!.received(2);
  peers[0]!.end();
  await assert.rejects(lost, { name: "ConnectionLostError", outcome: "unknown" });
  const next = producer.enqueue("y");
  while (peers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await peers[1]!.received(2);
  assert.equal(peers[1]!.lines[1], "INFO");
  peers[1]!.say("$2\r\n{}\r\n");
  await peers[1]!.received(3);
  assert.match(peers[1]!.lines[2]!, /"jobtype":"y"/);
  peers[1]!.say("+OK\r\n");
  await next;
  peers[1]!.end();
  await producer.close();
});

test("a batch adds its id to its jobs, and is committed when it is filled", async () => {
  const { peer, producer } = await scripted();
  const opening = producer.batches.open(
    { description: "d", success: { type: "done", jid: "done-done" } },
    async (batch) => {
      await batch.enqueue("part", [1]);
      const { enqueued } = await batch.enqueueMany([{ type: "part", custom: { a: 1 } }]);
      assert.equal(enqueued.length, 1);
    },
  );
  await peer.received(1);
  const definition = JSON.parse(peer.lines[0]!.slice("BATCH NEW ".length));
  assert.equal(definition.success.jid, "done-done");
  peer.say(bulk("b-1"));
  await peer.received(2);
  assert.match(peer.lines[1]!, /^PUSH .*"custom":\{"bid":"b-1"\}/);
  peer.say("+OK\r\n");
  await peer.received(3);
  assert.match(peer.lines[2]!, /"custom":\{"a":1,"bid":"b-1"\}/);
  peer.say("+OK\r\n");
  await peer.received(4);
  assert.equal(peer.lines[3], "BATCH COMMIT b-1");
  peer.say("+OK\r\n");
  assert.equal(await opening, "b-1");
  const status = producer.batches.status("b-1");
  await peer.received(5);
  peer.say(
    bulk(JSON.stringify({ bid: "b-1", total: 2, pending: 1, complete_st: "1", success_st: "" })),
  );
  const { total, pending, complete, success } = await status;
  assert.deepEqual({ total, pending, complete, success }, {
    total: 2,
    pending: 1,
    complete: "enqueued",
    success: "waiting",
  });
});

test("tracking returns the progress of a job", async () => {
  const { peer, producer } = await scripted();
  const asking = producer.tracking.get("12345678");
  await peer.received(1);
  assert.equal(peer.lines[0], "TRACK GET 12345678");
  peer.say(bulk(JSON.stringify({ jid: "12345678", state: "working", percent: 50, desc: "half" })));
  const { state, percent, text } = await asking;
  assert.deepEqual({ state, percent, text }, { state: "working", percent: 50, text: "half" });
});

test("a pair of streams is used for one connection, and refused for a second", async () => {
  const peer = openPeer();
  void peer.greet();
  const { readable, writable } = peer.connection;
  const transport = streamTransport({ readable, writable });
  const producer = await Producer.connect({ transport, reconnect: false });
  const job = producer.enqueue("x");
  await peer.received(2);
  peer.say("+OK\r\n");
  await job;
  await assert.rejects(Producer.connect({ transport }), { code: "CONNECT_FAILED" });
  peer.end();
  await producer.close();
});

test("an unreachable server is reported at once, with its address, no password", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  await server.close();
  const url = `tcp://:hunter2hunter2@127.0.0.1:${server.port}`;
  await assert.rejects(Producer.connect({ url }), (error) => {
    assert(error instanceof ConnectError);
    assert.equal(error.code, "CONNECTION_REFUSED");
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
    assert(!`${error.stack} ${JSON.stringify(error)} ${error.cause}`.includes("hunter2"));
    return true;
  });
});

test("invalid options are refused before connecting", async () => {
  const code = "INVALID_OPTION";
  for (
    const options of [
      { connections: 0 },
      { delivery: "twice" },
      { reconnect: true },
      { reconnect: { attempts: -1 } },
      { connectTimeoutMs: 0 },
      { commandTimeoutMs: "1" },
      { transport: {} },
      { url: 5 },
      { tls: "yes" },
      { password: 5 },
    ]
  ) await assert.rejects(Producer.connect(options as never), { code }, JSON.stringify(options));
  await assert.rejects(Producer.connect({ url: "http://x" }), { code: "INVALID_URL" });
});
