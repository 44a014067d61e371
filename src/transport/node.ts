/**
 * The transport for Node, by `node:net` and `node:tls`, which Deno and Bun have, too: it is chosen by itself in Node alone.
 *
 * @example Instead of the one that is chosen by itself
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
import {
  connectFailure,
  isAboutCertificate,
  tlsFailure,
  unusableTls,
  verifiedName,
} from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import { SocketStreams } from "./streams.ts";
import type {
  ConnectTarget,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

/** The most that is read at once, in bytes. */
const READ_SIZE = 64 * 1024;

/** Loads Node's modules with the first connection, as this file may be in a bundle for a runtime without them. */
async function load() {
  const [net, tls] = await Promise.all([
    importBuiltin<typeof import("node:net")>("node:net"),
    importBuiltin<typeof import("node:tls")>("node:tls"),
  ]);
  return { net, tls };
}

type Modules = Awaited<ReturnType<typeof load>>;

/** Sockets by `node:net` and `node:tls`, for Node; they work under Deno and Bun as well. */
export const nodeTransport: Transport = {
  name: "node",
  async connect(target, options = {}) {
    const modules = await load();
    return await overLoopback(
      target.hostname,
      (hostname) => open(modules, { hostname, target, ...options }),
    );
  },
};

interface Attempt extends TransportConnectOptions {
  readonly hostname: string;
  readonly target: ConnectTarget;
}

function open(
  modules: Modules,
  { hostname, target, signal }: Attempt,
): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const { tls } = target;
    const dialled = tls === undefined
      ? plain(modules, hostname, target.port)
      : { socket: secure(modules, hostname, target), deliver: undefined };
    const { socket } = dialled;
    let isTcpUp = false;
    const abort = () => {
      settle();
      socket.destroy();
      reject(signal?.reason);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(
        isTcpUp && tls !== undefined
          ? tlsFailure(error, target, isAboutCertificate(error))
          : connectFailure(error, target),
      );
    };
    const hangUp = () => fail(new Error("the connection was closed"));
    function settle() {
      signal?.removeEventListener("abort", abort);
      socket.off("error", fail).off("close", hangUp);
      // One that comes after the end is nobody's.
      socket.on("error", () => {});
    }
    signal?.addEventListener("abort", abort, { once: true });
    socket.on("error", fail).on("close", hangUp).once("connect", () => isTcpUp = true);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      settle();
      const streams = streamsOf(socket);
      if (dialled.deliver === undefined) socket.on("data", (chunk) => streams.push(bytesOf(chunk)));
      else dialled.deliver((chunk) => streams.push(chunk));
      resolve(streams.connection);
    });
  });
}

/** A plain socket that reads into one buffer: otherwise each read would take 64 KiB of new memory. */
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
      // By an address, a certificate is checked but not chosen.
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

/** The chunk as what streams carry: taking parts of a Buffer is several times slower. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function streamsOf(socket: Socket): SocketStreams {
  socket.setNoDelay(true);
  const streams = new SocketStreams({
    pull: () => void socket.resume(),
    pause: () => void socket.pause(),
    write: (chunk) =>
      new Promise((resolve, reject) => {
        // Called back only once the bytes are out: until then the buffer is the socket's.
        socket.write(chunk, (error) => error ? reject(error) : resolve());
      }),
    shutdown: () => new Promise((resolve) => void socket.end(() => resolve())),
    destroy: () => void socket.destroy(),
  });
  socket
    .on("end", () => streams.finish())
    .on("error", (error) => streams.fail(error))
    .on("close", () => streams.released());
  return streams;
}
