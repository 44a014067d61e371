import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectError, Consumer, Producer, TlsError } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { Peer } from "../../src/server/peer.ts";
import { memoryTransport } from "../../src/testing/memory_transport.ts";
import { ManualClock, MemoryServer } from "../../src/testing/mod.ts";
import { failure } from "../transport/contract.ts";

const target = { hostname: "memory", port: 7419 };
const encoder = new TextEncoder();

/** A server's end that the test controls, and the client's end of the same connection. */
async function connect() {
  let peer!: Peer;
  let drains = 0;
  const received: string[] = [];
  const closed = deferred();
  const transport = memoryTransport({
    isClosing: false,
    connect(taken) {
      peer = taken;
      return {
        received: (bytes) => void received.push(new TextDecoder().decode(bytes)),
        drained: () => void drains++,
        ended: () => {},
        closed: () => closed.resolve(),
      };
    },
  });
  const connection = await transport.connect(target);
  const reader = connection.readable.getReader();
  const writer = connection.writable.getWriter();
  writer.closed.catch(() => {});
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  const drained = () => drains;
  return { peer, received, closed: closed.promise, drained, connection, reader, writer, read };
}

/** Waits until everything in memory has settled. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("the transport in memory", () => {
  it("carries bytes both ways, and lets buffers be reused", async () => {
    const { peer, received, writer, read, connection } = await connect();
    const bytes = encoder.encode("hello\r\n");
    await writer.write(bytes);
    bytes.fill(0);
    assert.deepEqual(received, ["hello\r\n"]);
    assert.equal(peer.send("a"), true);
    assert.equal(peer.send("bö"), true);
    assert.equal(await read(), "a");
    assert.equal(await read(), "bö");
    connection.close();
    await connection.closed;
  });

  it("makes the server wait for a client that does not read", async () => {
    const { peer, drained, read, connection } = await connect();
    const chunk = "x".repeat(50_000);
    let sent = 0;
    while (peer.send(chunk)) assert(++sent < 100, "nothing holds the server back");
    sent++;
    await settle();
    assert.equal(drained(), 0);
    for (let i = 0; i < sent; i++) assert.equal((await read())!.length, chunk.length);
    assert.equal(drained(), 1);
    assert.equal(peer.send("more"), true);
    assert.equal(await read(), "more");
    connection.close();
  });

  it("makes the client wait for a server that does not read", async () => {
    const { peer, received, writer, connection } = await connect();
    peer.pause();
    let isWritten = false;
    const writing = writer.write(encoder.encode("late")).then(() => isWritten = true);
    await settle();
    assert.deepEqual([isWritten, received], [false, []]);
    peer.resume();
    await writing;
    assert.deepEqual(received, ["late"]);
    connection.close();
  });

  it("ends pending calls when the client closes it, once or twice", async () => {
    const { peer, received, writer, read, closed, connection } = await connect();
    peer.pause();
    const reading = read().then(() => "settled", () => "settled");
    const writing = assert.rejects(writer.write(encoder.encode("x")), { message: "enough" });
    await settle();
    connection.close(new Error("enough"));
    connection.close();
    await Promise.all([connection.closed, closed, writing]);
    assert.equal(await reading, "settled");
    assert.equal(peer.send("to nobody"), true);
    assert.deepEqual(received, []);
  });

  it("delivers what was sent before the server closed, and fails later writes", async () => {
    const { peer, writer, read, closed, connection } = await connect();
    const large = "x".repeat(300_000);
    peer.send(large);
    peer.send("bye");
    peer.end();
    assert.equal(await read(), large);
    assert.equal(await read(), "bye");
    assert.equal(await read(), undefined);
    await Promise.all([connection.closed, closed]);
    await assert.rejects(writer.write(encoder.encode("x")), { code: "CONNECTION_LOST" });
  });

  it("ends when the client half-closes it", async () => {
    const { writer, read, closed } = await connect();
    await writer.close().catch(() => {});
    assert.equal(await read(), undefined);
    await closed;
  });

  it("can be cancelled before it connects, but not afterwards", async () => {
    await using server = await MemoryServer.start();
    const { transport } = server;
    const aborted = AbortSignal.abort(new Error("enough"));
    await assert.rejects(transport.connect(target, { signal: aborted }), { message: "enough" });
    const early = new AbortController();
    const connecting = transport.connect(target, { signal: early.signal });
    early.abort(new Error("enough"));
    await assert.rejects(connecting, { message: "enough" });
    const late = new AbortController();
    const connection = await transport.connect(target, { signal: late.signal });
    late.abort();
    const { value } = await connection.readable.getReader().read();
    assert.equal(new TextDecoder().decode(value), '+HI {"v":2}\r\n');
    connection.close();
  });
});

describe("the server in memory", () => {
  it("accepts several producers and consumers at a time", async () => {
    await using server = await MemoryServer.start();
    const { url, transport } = server;
    await using producer = await Producer.connect({ url, transport, connections: 3 });
    const jids = await Promise.all(
      Array.from({ length: 2500 }, (_, n) => producer.enqueue("count", [n, "ä".repeat(100)])),
    );
    const consumer = new Consumer({ url, transport, concurrency: 20 });
    const ran = new Set<string>();
    const all = deferred();
    consumer.register("count", (job) => {
      ran.add(job.jid);
      if (ran.size === jids.length) all.resolve();
    });
    const running = consumer.run({ maxJobs: jids.length });
    await all.promise;
    const { done } = await running;
    assert.equal(done, jids.length);
    assert.deepEqual(ran, new Set(jids));
    assert.equal(server.snapshot().processed, jids.length);
  });

  it("requires its password, which is in its URL", async () => {
    await using server = await MemoryServer.start({ password: "p@ss/wörd" });
    const { url, transport } = server;
    await using _producer = await Producer.connect({ url, transport });
    const password = "wrong";
    await assert.rejects(Producer.connect({ url, transport, password }), {
      code: "PASSWORD_REFUSED",
    });
    await assert.rejects(MemoryServer.start({ password: 1 as never }), { code: "INVALID_OPTION" });
  });

  it("refuses TLS, and names the alternative", async () => {
    await using server = await MemoryServer.start();
    const { transport } = server;
    await assert.rejects(
      transport.connect({ ...target, tls: {} }),
      failure(TlsError, "TLS_FAILED"),
    );
    await assert.rejects(Producer.connect({ url: "tcp+tls://memory", transport }), {
      message: /a server in memory has no TLS/,
    });
  });

  it("closes all connections, refuses later ones, and leaves no timer", async () => {
    const clock = new ManualClock();
    const server = await MemoryServer.start({ clock });
    const { transport } = server;
    const connection = await transport.connect(target);
    const reader = connection.readable.getReader();
    await reader.read();
    await Promise.all([server.close(), server.close()]);
    assert.equal((await reader.read()).done, true);
    await connection.closed;
    await assert.rejects(
      transport.connect(target),
      failure(ConnectError, "CONNECTION_REFUSED"),
    );
    assert.equal(clock.pending, 0);
  });

  it("sends a worker its new state with the next BEAT", async () => {
    const clock = new ManualClock();
    await using server = await MemoryServer.start({ clock });
    const { url, transport } = server;
    const consumer = new Consumer({ url, transport, clock, wid: "in-memory" });
    const quiet = new Promise<void>((resolve) =>
      consumer.on("state", ({ state }) => state === "quiet" && resolve())
    );
    const running = consumer.run();
    while (server.snapshot().waiting === 0) await settle();
    assert.equal(server.signalWorker("in-memory", "quiet"), true);
    assert.equal(server.signalWorker("elsewhere", "quiet"), false);
    clock.advance(15_000);
    await quiet;
    const stopped = consumer.stop();
    clock.advance(2000);
    await Promise.all([stopped, running]);
  });
});
