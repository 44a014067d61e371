import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  Producer,
  TlsError,
} from "../../mod.ts";
import { Producer as EdgeProducer } from "../../src/edge/mod.ts";
import { selectTransport } from "../../src/transport/select.ts";
import { pem } from "../pem.ts";
import { TcpProxy } from "../faults/tcp_proxy.ts";
import { countedAbort, once, reconnect, type Scenario, startTls } from "./setting.ts";
import { startQuick } from "../server/quick.ts";

/** Scenarios of a producer, from start to end. */
export const producerScenarios: Readonly<Record<string, Scenario>> = {
  async "a producer at work"() {
    await using server = await startQuick();
    const called = countedAbort();
    const many = countedAbort();
    await using producer = await Producer.connect({ url: server.url, connections: 2 });
    await Promise.all([
      producer.enqueue("x", [1], { signal: called.signal }),
      producer.enqueueMany([{ type: "x" }, { type: "x" }], { signal: many.signal }),
      ReadableStream.from([{ type: "x" }, { type: "x" }]).pipeTo(producer.writable()),
    ]);
    await producer.queues.pause("default");
    assert.equal((await producer.info()).queues["default"], 5);
    called.check();
    many.check();
  },

  async "a producer with middleware and a signal of its own"() {
    await using server = await startQuick();
    const own = countedAbort();
    const producer = await Producer.connect({ url: server.url, signal: own.signal });
    producer.use((_job, next) => next());
    await producer.enqueue("x");
    await producer.close();
    own.check();
  },

  async "a producer of ./edge at work, refused and with its server gone"() {
    const server = await startQuick({ password: "hush" });
    const called = countedAbort();
    const transport = await selectTransport();
    const producer = await EdgeProducer.connect({ url: server.url, transport });
    await Promise.all([
      producer.enqueue("x", [1], { signal: called.signal }),
      producer.enqueueMany([{ type: "x" }, { type: "x" }], { signal: called.signal }),
    ]);
    called.check();
    const wrong = { url: server.url, password: "shut", transport };
    // Any class: on a loaded machine the server may close first.
    await assert.rejects(EdgeProducer.connect(wrong), ConnectError);
    await server.close();
    const many = await producer.enqueueMany([{ type: "x" }]);
    assert.equal(many.failed.size, 1);
    await producer.close();
  },

  async "a producer over TLS"() {
    await using server = await startTls();
    await using producer = await Producer.connect({
      url: server.url,
      tls: { caCerts: [pem("ca")] },
    });
    await producer.enqueue("x");
  },

  async "a certificate that is not trusted"() {
    await using server = await startTls();
    const tls = { caCerts: [pem("other_ca")] };
    await assert.rejects(Producer.connect({ url: server.url, tls }), TlsError);
  },

  async "a connection that is refused"() {
    const server = await startQuick();
    await server.close();
    await assert.rejects(Producer.connect({ url: server.url }), ConnectError);
  },

  async "a wrong password"() {
    await using server = await startQuick({ password: "right" });
    const { url } = server;
    await assert.rejects(Producer.connect({ url, password: "wrong" }), AuthenticationError);
  },

  async "connecting that is aborted, or takes too long"() {
    // A server that accepts connections and stays silent.
    const silent = createServer();
    const sockets: Socket[] = [];
    const accepted = new Promise<void>((resolve) => {
      silent.on("connection", (socket) => {
        socket.on("error", () => {}).resume();
        sockets.push(socket);
        resolve();
      });
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `tcp://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const own = countedAbort();
    const connecting = Producer.connect({ url, signal: own.signal });
    connecting.catch(() => {});
    await accepted;
    own.abort();
    await assert.rejects(connecting);
    await assert.rejects(Producer.connect({ url, connectTimeoutMs: 20 }), ConnectError);
    own.check();
    const closed = new Promise((resolve) => silent.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  },

  async "a producer whose connection is lost, and made again"() {
    await using server = await startQuick();
    await using proxy = await TcpProxy.start(server.port);
    const url = `tcp://127.0.0.1:${proxy.port}`;
    await using producer = await Producer.connect({ url, reconnect, connections: 2 });
    for (let i = 0; i < 3; i++) {
      const lost = once((hear) => producer.on("disconnect", hear));
      const back = once((hear) => producer.on("reconnect", hear));
      proxy.reset();
      await lost;
      await Promise.all([producer.enqueue("x"), producer.enqueueMany([{ type: "x" }])]);
      // The next loss is an event only if every connection was restored before it.
      await back;
    }
  },

  async "calls of a producer that has no connection are aborted, and it is closed"() {
    const server = await startQuick();
    const producer = await Producer.connect({ url: server.url });
    const lost = once((hear) => producer.on("disconnect", hear));
    await server.close();
    await lost;
    const calls = countedAbort();
    const { signal } = calls;
    const waiting = [
      producer.enqueue("x", [], { signal }),
      producer.enqueueMany([{ type: "x" }], { signal }),
    ];
    calls.abort();
    for (const call of waiting) await assert.rejects(call);
    calls.check();
    await producer.close();
  },

  async "a producer that gives its server up"() {
    const server = await startQuick();
    const { url } = server;
    const producer = await Producer.connect({ url, reconnect: { ...reconnect, attempts: 2 } });
    await server.close();
    await assert.rejects(producer.enqueue("x"), ConnectionLostError);
    await producer.close();
  },

  async "a producer whose signal ends it"() {
    await using server = await startQuick();
    const own = countedAbort();
    const producer = await Producer.connect({ url: server.url, signal: own.signal });
    await producer.enqueue("x");
    own.abort();
    await assert.rejects(producer.enqueue("x"));
    await producer.close();
    own.check();
  },
};
