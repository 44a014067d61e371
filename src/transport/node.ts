/**
 * The transport for Node. It uses `node:net` and `node:tls`, which Deno and Bun have too, but only
 * Node selects it automatically.
 *
 * @example Select the transport explicitly
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 * import { nodeTransport } from "@faktory-ts/faktory/transport/node";
 *
 * await using producer = await Producer.connect({ transport: nodeTransport });
 * await producer.enqueue("greet", ["world"]);
 * ```
 *
 * @module
 */

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { importBuiltin } from "../internal/environment.ts";
import { TimeoutError } from "../errors.ts";
import { unusableTls, verifiedName } from "./failures.ts";
import { KEEP_ALIVE_MS, type SocketAttempt, socketTransport } from "./socket_transport.ts";
import { SocketStreams } from "./streams.ts";
import type { ConnectTarget, Transport, TransportConnection } from "./transport.ts";

/** Largest read, in bytes. */
const READ_SIZE = 64 * 1024;

/**
 * Loads Node's modules with the first connection, because this file may be in a bundle for a
 * runtime without them.
 */
async function load() {
  const [net, tls] = await Promise.all([
    importBuiltin<typeof import("node:net")>("node:net"),
    importBuiltin<typeof import("node:tls")>("node:tls"),
  ]);
  return { net, tls };
}

type Modules = Awaited<ReturnType<typeof load>>;

/** A transport that uses `node:net` and `node:tls`. It also works in Deno and Bun. */
export const nodeTransport: Transport = socketTransport({
  name: "node",
  open: async (attempt) => await open(await load(), attempt),
});

function open(modules: Modules, attempt: SocketAttempt): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    const { hostname, target, signal } = attempt;
    const { socket, deliver } = target.tls === undefined
      ? plain(modules, hostname, target.port)
      : { socket: secure(modules, hostname, target), deliver: undefined };
    const fail = (error: Error) => {
      // Later errors have no effect, but without a listener they would end the program.
      socket.off("error", fail).off("close", onClose).on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const onClose = () => fail(new Error("the connection was closed"));
    signal.addEventListener("abort", onClose);
    socket.on("error", fail).on("close", onClose).once("connect", () => attempt.isConnected = true);
    socket.once(target.tls === undefined ? "connect" : "secureConnect", () => {
      signal.removeEventListener("abort", onClose);
      socket.off("error", fail).off("close", onClose);
      const streams = streamsOf(socket);
      if (deliver === undefined) socket.on("data", (chunk) => streams.push(bytesOf(chunk)));
      else deliver((chunk) => streams.push(chunk));
      resolve(streams.connection);
    });
  });
}

/** Opens a plain socket that reads into one buffer. Otherwise each read would allocate 64 KiB. */
function plain({ net }: Modules, hostname: string, port: number) {
  let push: (chunk: Uint8Array) => void = () => {};
  const socket = net.connect({
    host: hostname,
    port,
    onread: {
      buffer: new Uint8Array(READ_SIZE),
      callback(length, buffer) {
        push(buffer.slice(0, length));
        return true;
      },
    },
  });
  return { socket, deliver: (to: typeof push) => void (push = to) };
}

function secure({ net, tls }: Modules, hostname: string, target: ConnectTarget): TLSSocket {
  const { caCerts, cert, key, rejectUnauthorized } = target.tls!;
  const name = verifiedName(target);
  try {
    return tls.connect({
      host: hostname,
      port: target.port,
      rejectUnauthorized: rejectUnauthorized ?? true,
      // SNI needs a name. The certificate is verified for an address too.
      ...(net.isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
      ...(caCerts === undefined ? {} : { ca: [...caCerts] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (cause) {
    throw unusableTls(cause);
  }
}

/** Returns the chunk as a plain Uint8Array: `subarray` of a Buffer is several times slower. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function streamsOf(socket: Socket): SocketStreams {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const streams = new SocketStreams({
    pull: () => void socket.resume(),
    pause: () => void socket.pause(),
    write: (chunk) =>
      new Promise((resolve, reject) => {
        // The callback is called when the bytes are sent. Until then the socket uses the buffer.
        socket.write(chunk, (error) => error ? reject(error) : resolve());
      }),
    shutdown: () => new Promise((resolve) => void socket.end(() => resolve())),
    destroy: (reason) => {
      // If the server did not reply, the bytes that it has not read yet must not reach it later, as
      // all of them are sent again elsewhere.
      if (reason instanceof TimeoutError && !("encrypted" in socket)) socket.resetAndDestroy();
      else socket.destroy();
    },
  });
  socket
    .on("end", () => streams.finish())
    .on("error", (error) => streams.fail(error))
    .on("close", () => streams.socketClosed());
  return streams;
}
