import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, it } from "node:test";
import type { FaktoryError } from "../../src/errors.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";

/** A peer: a server that hands each connection over. */
export interface Peer {
  readonly port: number;
  /** The next connection that is made to it. */
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
    // A connection that is cut is part of many tests.
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

/** Connects to a peer and gives both ends. */
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

/** A check for `assert.rejects`: the class and the code. */
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

/** A port on which nothing listens. */
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

/** What every transport has to do over plain TCP. */
export function plainContract(transport: Transport): void {
  describe(`${transport.name} transport`, () => {
    it("carries bytes both ways", async () => {
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
  });
}
