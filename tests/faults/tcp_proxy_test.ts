import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { ConnectionLostError, Producer, TlsError } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import type { ProducerOptions } from "../../src/producer/producer.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { WallClock } from "./wall_clock.ts";
import { pem } from "../pem.ts";

/** Starts TLS in front of a server without TLS. */
async function startTls(target: number) {
  const server = createServer({ key: pem("server.key"), cert: pem("server") }, (socket) => {
    const inner = connect({ host: "127.0.0.1", port: target });
    socket.pipe(inner).pipe(socket);
    for (const one of [socket, inner]) {
      one.on("error", () => {}).on("close", () => {
        socket.destroy();
        inner.destroy();
      });
    }
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

const reconnect = { initialMs: 5, maxMs: 20 };

function to(port: number, options: ProducerOptions = {}): ProducerOptions {
  return { url: `tcp://127.0.0.1:${port}`, reconnect, ...options };
}

test("a connection that is reset is replaced, and calls in flight settle", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  await using proxy = await TcpProxy.start(server.port);
  await using producer = await Producer.connect(to(proxy.port));
  for (let i = 1; i <= 5; i++) {
    const lost = new Promise((resolve) => producer.on("disconnect", resolve));
    proxy.reset();
    await lost;
    await producer.enqueue("x");
    assert.equal(server.snapshot().queues["default"], i);
  }
  assert.equal(proxy.counts.reset, 5);
});

test("a half-open connection is given up without a reply, and the command resent", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  await using proxy = await TcpProxy.start(server.port);
  const clock = new WallClock();
  await using producer = await Producer.connect(to(proxy.port, { clock }));
  const swallowed = proxy.silence();
  const lost = new Promise<unknown>((resolve) =>
    producer.on("disconnect", ({ error }) => resolve(error))
  );
  const enqueued = producer.enqueue("x");
  await swallowed;
  assert.equal(server.snapshot().queues["default"], undefined);
  clock.advance(15_010);
  const error = await lost;
  assert(error instanceof ConnectionLostError && error.code === "COMMAND_TIMEOUT");
  let isEnqueued = false;
  void enqueued.then(() => isEnqueued = true);
  // The server has to answer on another connection first, over real sockets.
  while (!isEnqueued) {
    clock.advance(10);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal(server.snapshot().queues["default"], 1);
  assert.equal(proxy.counts.silence, 1);
});

test("TLS that breaks in its handshake fails a first connection, a later one retries", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  await using front = await startTls(server.port);
  await using proxy = await TcpProxy.start(front.port);
  const options = to(proxy.port, { tls: { caCerts: [pem("ca")] } });
  proxy.cutNext(1);
  await assert.rejects(
    Producer.connect(options),
    (error) => error instanceof TlsError && error.code === "TLS_FAILED",
  );
  await using producer = await Producer.connect(options);
  await producer.enqueue("x");
  let outages = 0;
  producer.on("disconnect", () => outages++);
  const recovered = new Promise<number>((resolve) =>
    producer.on("reconnect", ({ attempts }) => resolve(attempts))
  );
  const lost = new Promise((resolve) => producer.on("disconnect", resolve));
  proxy.cutNext(3);
  proxy.reset();
  await lost;
  await producer.enqueue("x");
  assert.equal(server.snapshot().queues["default"], 2);
  assert.deepEqual([outages, await recovered], [1, 4]);
  assert.equal(proxy.counts["cut in the handshake"], 4);
});
