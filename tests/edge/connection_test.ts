import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConnectError,
  ConnectionLostError,
  type FaktoryError,
  Producer,
  ProtocolError,
  ServerShutdownError,
  StateError,
  TimeoutError,
} from "../../src/edge/mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";
import { Peer } from "../connection/peer.ts";
import { bulk, jobsOf, scripted, ScriptedServer, settle } from "./setting.ts";

/** Resolves to the error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<FaktoryError> {
  try {
    await promise;
  } catch (error) {
    return error as FaktoryError;
  }
  assert.fail("It did not reject");
}

describe("a silent server", () => {
  it("sends no greeting: connecting fails after 10 s, and the error mentions TLS", async () => {
    const server = new ScriptedServer();
    const connecting = errorOf(Producer.connect(server.options));
    const peer = await server.peer(0);
    server.clock.advance(9_999);
    await settle();
    assert.equal(peer.isClosed, false);
    server.clock.advance(1);
    const error = await connecting;
    assert(error instanceof ConnectError);
    assert.equal(error.code, "CONNECT_TIMEOUT");
    assert.match(error.message, /TLS/);
    assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
  });

  it("does not reply to HELLO", async () => {
    const server = new ScriptedServer();
    const connecting = errorOf(Producer.connect({ ...server.options, connectTimeoutMs: 700 }));
    const peer = await server.peer(0);
    peer.say('+HI {"v":2}\r\n');
    await peer.received(1);
    server.clock.advance(700);
    const error = await connecting;
    assert.equal(error.code, "CONNECT_TIMEOUT");
    assert.doesNotMatch(error.message, /TLS/);
    assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
  });

  it("does not reply to HELLO within the command timeout, which is shorter", async () => {
    const server = new ScriptedServer();
    const connecting = errorOf(Producer.connect({ ...server.options, commandTimeoutMs: 500 }));
    const peer = await server.peer(0);
    peer.say('+HI {"v":2}\r\n');
    await peer.received(1);
    server.clock.advance(500);
    const error = await connecting;
    assert(error instanceof ConnectError);
    assert.equal(error.code, "CONNECT_TIMEOUT");
    assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
  });

  it("cannot be reached, with a transport that ignores the signal", async () => {
    const { clock } = new ScriptedServer();
    const { promise, resolve } = deferred<TransportConnection>();
    const transport = { name: "late", connect: () => promise };
    const connecting = errorOf(Producer.connect({ url: "tcp://memory", transport, clock }));
    clock.advance(10_000);
    const error = await connecting;
    assert.equal(error.code, "CONNECT_TIMEOUT");
    assert.doesNotMatch(error.message, /TLS/);
    // A connection that opens too late is closed.
    const peer = new Peer();
    resolve(peer.connection);
    await settle();
    assert.deepEqual([peer.isClosed, clock.pending], [true, 0]);
  });

  it("does not reply to a command: the call rejects after 15 s with outcome unknown", async () => {
    const { server, peer, producer } = await scripted();
    const calls = [producer.enqueue("x"), producer.enqueue("x")].map(errorOf);
    await peer.received(2);
    server.clock.advance(14_999);
    await settle();
    assert.equal(peer.isClosed, false);
    server.clock.advance(1);
    for (const error of await Promise.all(calls)) {
      assert(error instanceof TimeoutError);
      assert.deepEqual([error.code, error.outcome], ["COMMAND_TIMEOUT", "unknown"]);
    }
    assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
    await producer.close();
  });

  it("does not read what is written", async () => {
    const { server, peer, producer } = await scripted();
    peer.hold = new Promise(() => {});
    const calls = [producer.enqueue("x"), producer.enqueue("x")].map(errorOf);
    await peer.received(1);
    server.clock.advance(15_000);
    for (const error of await Promise.all(calls)) assert.equal(error.code, "COMMAND_TIMEOUT");
    await producer.close();
  });

  it("has the full timeout again after each reply", async () => {
    const { server, peer, producer } = await scripted();
    const [first, second] = [producer.enqueue("x"), errorOf(producer.enqueue("x"))];
    await peer.received(2);
    server.clock.advance(14_000);
    peer.say(bulk({}));
    await first;
    server.clock.advance(14_000);
    await settle();
    assert.equal(peer.isClosed, false);
    server.clock.advance(1_000);
    assert.equal((await second).code, "COMMAND_TIMEOUT");
    await producer.close();
  });

  it("ends enqueueMany: the remaining jobs are not sent", async () => {
    const { server, peer, producer } = await scripted();
    const jobs = Array.from({ length: 3000 }, (_, i) => ({ type: "x", args: [i] }));
    const enqueuing = producer.enqueueMany(jobs);
    await peer.received(1);
    server.clock.advance(15_000);
    const { enqueued, failed } = await enqueuing;
    assert.deepEqual([enqueued.length, failed.size, server.peers.length], [0, 3000, 1]);
    for (const error of failed.values()) assert.equal(error.code, "COMMAND_TIMEOUT");
    await producer.close();
  });

  it("does not keep close() from resolving", async () => {
    const { server, peer, producer } = await scripted();
    const call = errorOf(producer.enqueue("x"));
    await peer.received(1);
    const closing = producer.close();
    server.clock.advance(15_000);
    await closing;
    assert.equal((await call).code, "COMMAND_TIMEOUT");
  });
});

describe("a lost connection", () => {
  it("fails commands in flight with outcome unknown, and the next call reconnects", async () => {
    const { server, peer, producer } = await scripted();
    const lost = [producer.enqueue("x"), producer.enqueue("x")].map(errorOf);
    await peer.received(2);
    peer.end();
    for (const error of await Promise.all(lost)) {
      assert(error instanceof ConnectionLostError);
      assert.deepEqual([error.code, error.outcome], ["CONNECTION_LOST", "unknown"]);
    }
    // Both calls share one connection.
    const calls = [producer.enqueue("a"), producer.enqueue("b")];
    const next = await server.greeted(1);
    await next.received(2);
    assert.deepEqual(next.lines.map((line) => jobsOf(line)[0]!["jobtype"]), ["a", "b"]);
    next.say(bulk({}).repeat(2));
    await Promise.all(calls);
    assert.equal(server.peers.length, 2);
    await producer.close();
    assert.deepEqual([next.isClosed, server.clock.pending], [true, 0]);
  });

  it("is noticed while nothing is sent", async () => {
    const { server, peer, producer } = await scripted();
    peer.reset(new Error("reset by peer"));
    await settle();
    const enqueuing = producer.enqueue("x");
    const next = await server.greeted(1);
    await next.received(1);
    next.say(bulk({}));
    await enqueuing;
    await producer.close();
  });

  it("is noticed by a failed write", async () => {
    const { peer, producer } = await scripted();
    peer.hold = Promise.reject(new Error("broken pipe"));
    const error = await errorOf(producer.enqueue("x"));
    assert.deepEqual([error.code, (error.cause as Error).message], [
      "CONNECTION_LOST",
      "broken pipe",
    ]);
    await producer.close();
  });

  it("that cannot be restored fails the call, and the next call tries again", async () => {
    const { server, peer, producer } = await scripted();
    peer.end();
    await settle();
    server.failure = new ConnectError("CONNECTION_REFUSED", "nothing listens there");
    const calls = [producer.enqueue("x"), producer.enqueue("x")].map(errorOf);
    for (const error of await Promise.all(calls)) assert.equal(error.code, "CONNECTION_REFUSED");
    const enqueuing = producer.enqueue("x");
    const next = await server.greeted(1);
    await next.received(1);
    next.say(bulk({}));
    await enqueuing;
    await producer.close();
  });

  it("during enqueueMany fails the jobs of one command", async () => {
    const { server, peer, producer } = await scripted();
    const jobs = Array.from({ length: 3000 }, (_, i) => ({ type: "x", args: [i] }));
    const enqueuing = producer.enqueueMany(jobs);
    await peer.received(1);
    peer.say(bulk({}));
    await peer.received(2);
    peer.end();
    const next = await server.greeted(1);
    await next.received(1);
    next.say(bulk({}));
    const { enqueued, failed } = await enqueuing;
    assert.deepEqual([enqueued.length, failed.size], [2000, 1000]);
    for (const error of failed.values()) assert.equal(error.code, "CONNECTION_LOST");
    await producer.close();
  });

  it("that cannot be restored ends enqueueMany: the remaining jobs are not sent", async () => {
    const { server, peer, producer } = await scripted();
    const jobs = Array.from({ length: 5000 }, (_, i) => ({ type: "x", args: [i] }));
    server.failure = new ConnectError("CONNECTION_REFUSED", "nothing listens there");
    const enqueuing = producer.enqueueMany(jobs);
    await peer.received(1);
    peer.end();
    const { enqueued, failed } = await enqueuing;
    const codes = [...failed.values()].map(({ code }) => code);
    assert.deepEqual([enqueued.length, codes.length, server.peers.length], [0, 5000, 1]);
    assert.equal(codes.filter((code) => code === "CONNECTION_LOST").length, 1000);
    assert.equal(codes.filter((code) => code === "CONNECTION_REFUSED").length, 4000);
    await producer.close();
  });
});

describe("a server that misbehaves", () => {
  const greetings: [say: string, name: string, code: string][] = [
    ["SSH-2.0-OpenSSH\r\n", "ProtocolError", "PROTOCOL_VIOLATION"],
    ["+HI []\r\n", "ProtocolError", "PROTOCOL_VIOLATION"],
    ['+HI {"v":3}\r\n', "VersionError", "UNSUPPORTED_VERSION"],
    ["-ERR max number of clients reached\r\n", "ServerError", "SERVER_ERROR"],
  ];
  for (const [say, name, code] of greetings) {
    it(`greets with ${JSON.stringify(say)}`, async () => {
      const server = new ScriptedServer();
      const connecting = errorOf(Producer.connect(server.options));
      const peer = await server.peer(0);
      peer.say(say);
      const error = await connecting;
      assert.deepEqual([error.name, error.code], [name, code]);
      assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
    });
  }

  it("closes the connection before its greeting, or before its reply to HELLO", async () => {
    for (const greeting of ["", '+HI {"v":2}\r\n']) {
      const server = new ScriptedServer();
      const connecting = errorOf(Producer.connect(server.options));
      const peer = await server.peer(0);
      peer.say(greeting);
      peer.end();
      assert.equal((await connecting).code, "CONNECT_FAILED");
      assert.equal(server.clock.pending, 0);
    }
  });

  it("accepts no more connections, and reports that after its reply to HELLO", async () => {
    const server = new ScriptedServer();
    const connecting = errorOf(Producer.connect(server.options));
    const peer = await server.peer(0);
    peer.say('+HI {"v":2}\r\n');
    await peer.received(1);
    peer.say("+OK\r\n-ERR too many connections: 2000\r\n");
    const error = await connecting;
    assert(error instanceof ConnectError);
    assert.equal(error.code, "TOO_MANY_CONNECTIONS");
    const { peer: later, producer } = await scripted();
    const call = errorOf(producer.enqueue("x"));
    await later.received(1);
    later.say("-ERR too many connections: 2000\r\n");
    assert.equal((await call).code, "TOO_MANY_CONNECTIONS");
    await producer.close();
  });

  it("shuts down: the call fails, and the next call connects again", async () => {
    const { server, peer, producer } = await scripted();
    const call = errorOf(producer.enqueue("x"));
    await peer.received(1);
    peer.say("-ERR shutdown in progress\r\n");
    peer.end();
    assert(await call instanceof ServerShutdownError);
    await settle();
    const enqueuing = producer.enqueue("x");
    const next = await server.greeted(1);
    await next.received(1);
    next.say(bulk({}));
    await enqueuing;
    await producer.close();
  });

  it("sends an invalid or unexpected reply: the connection is not used again", async () => {
    for (const reply of ["rubbish\r\n", "+OK\r\n", "$-1\r\n", bulk([]), "$3\r\n{}x\r\n"]) {
      const { peer, producer } = await scripted();
      const calls = [producer.enqueue("x"), producer.enqueue("x")].map(errorOf);
      await peer.received(2);
      peer.say(reply);
      for (const error of await Promise.all(calls)) assert(error instanceof ProtocolError, reply);
      assert(peer.isClosed);
      await producer.close();
    }
  });

  it("sends a reply without a command", async () => {
    const { server, peer, producer } = await scripted();
    peer.say("+OK\r\n");
    await settle();
    assert(peer.isClosed);
    assert.equal(server.clock.pending, 0);
    await producer.close();
  });
});

describe("close", () => {
  it("waits for calls in flight, and refuses later calls", async () => {
    const { server, peer, producer } = await scripted();
    const calls = [producer.enqueue("x"), producer.enqueueMany([{ type: "x" }])];
    await peer.received(2);
    let isClosed = false;
    const closing = producer.close().then(() => isClosed = true);
    for (const call of [producer.enqueue("x"), producer.enqueueMany([])]) {
      const error = await errorOf(call);
      assert(error instanceof StateError);
      assert.equal(error.code, "CLOSED");
    }
    assert.equal(isClosed, false);
    peer.say(bulk({}).repeat(2));
    await Promise.all(calls);
    await closing;
    assert.deepEqual([peer.isClosed, server.clock.pending], [true, 0]);
    await producer.close();
  });

  it("gives up after 25 s on a call, on an opening connection and on an idle source", async () => {
    const server = new ScriptedServer();
    const options = { ...server.options, commandTimeoutMs: 60_000, connectTimeoutMs: 60_000 };
    const connecting = Producer.connect(options);
    const peer = await server.greeted(0);
    const producer = await connecting;
    const call = errorOf(producer.enqueue("x"));
    const more = deferred();
    async function* source() {
      yield { type: "x" };
      await more.promise;
    }
    const many = producer.enqueueMany(source());
    await peer.received(1);
    const closing = producer.close();
    server.clock.advance(25_000);
    await closing;
    const error = await call;
    assert(error instanceof ConnectionLostError);
    assert.equal(error.outcome, "unknown");
    more.resolve();
    const { enqueued, failed } = await many;
    assert.deepEqual([enqueued.length, [...failed.values()].map(({ code }) => code)], [
      0,
      ["CLOSED"],
    ]);
    assert.deepEqual([peer.isClosed, server.peers.length, server.clock.pending], [true, 1, 0]);
  });

  it("closes a connection that opens after it", async () => {
    const server = new ScriptedServer();
    const options = { ...server.options, commandTimeoutMs: 60_000, connectTimeoutMs: 60_000 };
    const connecting = Producer.connect(options);
    const first = await server.greeted(0);
    const producer = await connecting;
    first.end();
    await settle();
    const call = errorOf(producer.enqueue("x"));
    const second = await server.peer(1);
    const closing = producer.close();
    server.clock.advance(25_000);
    await closing;
    await second.greet();
    assert.equal((await call).code, "CLOSED");
    assert.deepEqual([second.isClosed, second.lines.length, server.clock.pending], [true, 1, 0]);
  });

  it("is called by disposing", async () => {
    const { peer, producer } = await scripted();
    await producer[Symbol.asyncDispose]();
    assert(peer.isClosed);
  });
});

describe("a signal", () => {
  it("aborts a call, whose job is still sent", async () => {
    const { peer, producer } = await scripted();
    const stop = new AbortController();
    const calls = [
      producer.enqueue("x", [], { signal: stop.signal }),
      producer.enqueue({ type: "x" }, stop),
      producer.enqueueMany([{ type: "x" }], { signal: stop.signal }),
    ].map(errorOf);
    await peer.received(3);
    const reason = new Error("enough");
    stop.abort(reason);
    for (const error of await Promise.all(calls)) assert.equal(error as Error, reason);
    assert.equal((await errorOf(producer.enqueue("x", [], stop))) as Error, reason);
    assert.equal(peer.lines.length, 3);
    const other = producer.enqueue("y");
    await peer.received(4);
    peer.say(bulk({}).repeat(4));
    await other;
    await producer.close();
  });

  it("ends enqueueMany before its next command", async () => {
    const { peer, producer } = await scripted();
    const stop = new AbortController();
    const jobs = Array.from({ length: 3000 }, (_, i) => ({ type: "x", args: [i] }));
    const enqueuing = errorOf(producer.enqueueMany(jobs, stop));
    await peer.received(1);
    stop.abort();
    assert.equal((await enqueuing).name, "AbortError");
    peer.say(bulk({}));
    await producer.close();
    assert.equal(peer.lines.length, 1);
  });
});
