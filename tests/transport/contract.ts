import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, it } from "node:test";
import { ConnectError, type FaktoryError } from "../../src/errors.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";

/** A server that returns each of its connections. */
export interface Peer {
  readonly port: number;
  /** Resolves to the next connection. */
  next(): Promise<Socket>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a peer on a loopback address. */
export async function startPeer(
  server: Server = createServer({ allowHalfOpen: true }),
  { host = "127.0.0.1", event = "connection" } = {},
): Promise<Peer> {
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  const askers: ((socket: Socket) => void)[] = [];
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Many tests cut connections.
    socket.on("error", () => {});
    const asker = askers.shift();
    if (asker === undefined) waiting.push(socket);
    else asker(socket);
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    next() {
      const socket = waiting.shift();
      return socket === undefined
        ? new Promise((resolve) => askers.push(resolve))
        : Promise.resolve(socket);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Connects to a peer and returns both ends. */
export async function connectTo(
  transport: Transport,
  peer: Peer,
  target: { hostname?: string; tls?: object } = {},
): Promise<{ connection: TransportConnection; socket: Socket }> {
  const [connection, socket] = await Promise.all([
    transport.connect({ hostname: "127.0.0.1", port: peer.port, ...target }),
    peer.next(),
  ]);
  return { connection, socket };
}

/** Returns a check for `assert.rejects` of the class and the code. */
export function failure(
  type: abstract new (...args: never[]) => FaktoryError,
  code: string,
): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof type, `not a ${type.name} but ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** Returns a port on which nothing listens. */
export async function freePort(): Promise<number> {
  await using peer = await startPeer();
  return peer.port;
}

const encoder = new TextEncoder();

async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  length: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < length) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

/** The requirements for every transport over plain TCP. */
export function plainContract(transport: Transport): void {
  describe(`${transport.name} transport`, () => {
    it("transfers bytes in both directions", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      socket.pipe(socket);
      const writer = connection.writable.getWriter();
      const reader = connection.readable.getReader();
      for (const text of ["a", "hello\r\n", "x".repeat(5000)]) {
        await writer.write(encoder.encode(text));
        assert.equal(await readText(reader, text.length), text);
      }
      connection.close();
      await connection.closed;
    });

    it("transfers 8 MB in each direction, complete and in order", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      const sent = new Uint8Array(8 * 1024 * 1024);
      for (let i = 0; i < sent.length; i++) sent[i] = (i * 31) ^ (i >> 13);
      const hash = (bytes: Iterable<Uint8Array>) => {
        const sum = createHash("sha256");
        for (const part of bytes) sum.update(part);
        return sum.digest("hex");
      };
      socket.pipe(socket);
      const writer = connection.writable.getWriter();
      const writing = (async () => {
        // One buffer for all, because the bytes of a completed write may be overwritten.
        const buffer = new Uint8Array(100_000);
        for (let at = 0; at < sent.length; at += buffer.length) {
          const part = sent.subarray(at, at + buffer.length);
          buffer.set(part);
          await writer.write(buffer.subarray(0, part.length));
          buffer.fill(0);
        }
      })();
      const reader = connection.readable.getReader();
      const parts: Uint8Array[] = [];
      for (let length = 0; length < sent.length;) {
        const { value } = await reader.read();
        parts.push(value!);
        length += value!.length;
      }
      await writing;
      assert.equal(hash(parts), hash([sent]));
      connection.close();
      await connection.closed;
    });

    it("waits while the peer does not read", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      socket.pause();
      const writer = connection.writable.getWriter();
      let written = 0;
      let isDone = false;
      const total = 64;
      const writing = (async () => {
        for (let i = 0; i < total; i++) {
          await writer.write(new Uint8Array(1024 * 1024));
          written++;
        }
        isDone = true;
      })();
      // Loopback buffers a few megabytes. If nothing has moved for some turns, the transport waits
      // for the peer.
      for (let still = 0, last = -1; still < 200; still = written === last ? still + 1 : 0) {
        last = written;
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert(!isDone && written < total, `${written} of ${total} MB were taken`);
      let received = 0;
      const all = new Promise<void>((resolve) =>
        socket.on("data", (chunk) => {
          received += chunk.length;
          if (received === total * 1024 * 1024) resolve();
        })
      );
      socket.resume();
      await Promise.all([writing, all]);
      connection.close();
      await connection.closed;
    });

    it("ends its readable when the peer closes, and is closed", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      const reader = connection.readable.getReader();
      socket.end("bye");
      assert.equal(await readText(reader, 3), "bye");
      assert.equal((await reader.read()).done, true);
      await connection.closed;
      const writer = connection.writable.getWriter();
      await assert.rejects(writer.write(encoder.encode("x")));
      await assert.rejects(writer.closed);
    });

    it("fails or ends its readable when the peer resets, and is closed", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      const reader = connection.readable.getReader();
      const reading = reader.read().then(({ done }) => done, () => true);
      socket.resetAndDestroy();
      assert.equal(await reading, true);
      await connection.closed;
    });

    it("ends reads and writes in progress when it is closed, once or twice", async () => {
      await using peer = await startPeer();
      const { connection, socket } = await connectTo(transport, peer);
      socket.pause();
      const reader = connection.readable.getReader();
      const reading = reader.read().then(() => "settled", () => "settled");
      const writer = connection.writable.getWriter();
      const writing = Promise.allSettled(
        Array.from({ length: 32 }, () => writer.write(new Uint8Array(1024 * 1024))),
      );
      connection.close(new Error("enough"));
      connection.close();
      await connection.closed;
      assert.equal(await reading, "settled");
      assert((await writing).some(({ status }) => status === "rejected"));
    });

    it("reports a port on which nothing listens", async () => {
      const target = { hostname: "127.0.0.1", port: await freePort() };
      await assert.rejects(transport.connect(target), failure(ConnectError, "CONNECTION_REFUSED"));
      await assert.rejects(transport.connect(target), {
        message:
          `Cannot connect to 127.0.0.1:${target.port} as nothing listens there (connection refused)`,
      });
    });

    it("reports an unknown host", async () => {
      const target = { hostname: "no-such-host.invalid", port: 7419 };
      await assert.rejects(transport.connect(target), failure(ConnectError, "HOST_NOT_FOUND"));
    });

    it("does not start if the signal is aborted already", async () => {
      await using peer = await startPeer();
      const target = { hostname: "127.0.0.1", port: peer.port };
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(transport.connect(target, { signal }), { message: "enough" });
    });

    it("can be aborted, and does not affect open connections", async () => {
      await using peer = await startPeer();
      const target = { hostname: "127.0.0.1", port: peer.port };
      const early = new AbortController();
      const connecting = transport.connect(target, { signal: early.signal });
      early.abort(new Error("enough"));
      await assert.rejects(connecting, { message: "enough" });
      const late = new AbortController();
      const connection = await transport.connect(target, { signal: late.signal });
      late.abort();
      const writer = connection.writable.getWriter();
      await writer.write(encoder.encode("still here"));
      connection.close();
      await connection.closed;
    });

    for (const host of ["127.0.0.1", "::1"]) {
      it(`finds localhost if only ${host} is listening`, async () => {
        await using peer = await startPeer(undefined, { host });
        for (const hostname of ["localhost", host]) {
          const connection = await transport.connect({ hostname, port: peer.port });
          await peer.next();
          connection.close();
          await connection.closed;
        }
      });
    }
  });
}
