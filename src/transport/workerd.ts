/**
 * The transport for Cloudflare Workers. It is chosen by itself there: this entry is for who wants to name it.
 *
 * @example Instead of the one that is chosen by itself
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory";
 * import { workerdTransport } from "@faktory-ts/faktory/transport/workerd";
 *
 * await using producer = await Producer.connect({ transport: workerdTransport });
 * await producer.enqueue("greet", ["world"]);
 * ```
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { importBuiltin } from "../internal/environment.ts";
import { connectFailure, tlsFailure } from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import { overStreams } from "./streams.ts";
import type {
  ConnectTarget,
  TlsOptions,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

/** A socket of `cloudflare:sockets`. */
export interface WorkerdSocket {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What is sent to the peer. */
  readonly writable: WritableStream<Uint8Array>;
  /** Rejects where the connection cannot be made. */
  readonly opened: Promise<unknown>;
  /** Settles once it is closed. */
  readonly closed: Promise<unknown>;
  /** Closes it. */
  close(): Promise<unknown>;
  /** A socket that goes on in TLS where this one stops. */
  startTls(options: { expectedServerHostname?: string }): WorkerdSocket;
}

/** The module `cloudflare:sockets`. */
export interface WorkerdSockets {
  /** Opens a socket, before it is known whether the peer can be reached. */
  connect(
    address: { hostname: string; port: number },
    options: { secureTransport: "off" | "on" | "starttls"; allowHalfOpen: boolean },
  ): WorkerdSocket;
}

/** Sockets of Cloudflare Workers, by `cloudflare:sockets`. */
export const workerdTransport: Transport = makeWorkerdTransport(
  () => importBuiltin<WorkerdSockets>("cloudflare:sockets"),
);

/** The transport over whatever module `load` brings. */
export function makeWorkerdTransport(load: () => Promise<WorkerdSockets>): Transport {
  return {
    name: "workerd",
    async connect(target, options = {}) {
      if (target.tls !== undefined) checkTls(target.tls);
      const module = await load().catch((cause: unknown) => {
        throw new ConfigError(
          "UNSUPPORTED_RUNTIME",
          "Cannot use workerdTransport as there is no module cloudflare:sockets here",
          { cause },
        );
      });
      return await overLoopback(
        target.hostname,
        (hostname) => open(module, { hostname, target, ...options }),
      );
    },
  };
}

/** Workers trust Cloudflare's own list of authorities, and show no certificate of their own. */
function checkTls(tls: TlsOptions): void {
  const refused = [
    tls.rejectUnauthorized === false ? "rejectUnauthorized: false" : undefined,
    tls.caCerts === undefined ? undefined : "caCerts",
    tls.cert === undefined ? undefined : "cert",
    tls.key === undefined ? undefined : "key",
  ].filter((name) => name !== undefined);
  if (refused.length === 0) return;
  throw new ConfigError(
    "UNSUPPORTED_RUNTIME",
    `Cannot use the option tls as Cloudflare Workers cannot do this: got ${refused.join(", ")}. ` +
      "Give the server a certificate of a public authority, or pass another transport",
  );
}

interface Attempt extends TransportConnectOptions {
  readonly hostname: string;
  readonly target: ConnectTarget;
}

async function open(
  { connect }: WorkerdSockets,
  { hostname, target, signal }: Attempt,
): Promise<TransportConnection> {
  signal?.throwIfAborted();
  const name = target.tls === undefined ? undefined : target.tls.serverName ?? target.hostname;
  // By startTls, the name to verify need not be the one to connect to.
  const secureTransport = name === undefined ? "off" : name === hostname ? "on" : "starttls";
  const address = {
    hostname: hostname.includes(":") ? `[${hostname}]` : hostname,
    port: target.port,
  };
  let socket: WorkerdSocket | undefined;
  let isConnected = false;
  const letGo = () => void socket?.close().catch(() => {});
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason);
  });
  aborted.catch(() => {});
  signal?.addEventListener("abort", abort, { once: true });
  try {
    socket = connect(address, { secureTransport, allowHalfOpen: false });
    socket.closed.catch(() => {});
    await Promise.race([socket.opened, aborted]);
    isConnected = true;
    if (secureTransport === "starttls") {
      socket = socket.startTls({ expectedServerHostname: name! });
      socket.closed.catch(() => {});
      await Promise.race([socket.opened, aborted]);
    }
    return connectionOf(socket);
  } catch (error) {
    letGo();
    if (signal?.aborted) throw signal.reason;
    // Nothing but its text tells one error of Workers from another.
    throw isConnected ? tlsFailure(error, target) : connectFailure(error, target);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function connectionOf(socket: WorkerdSocket): TransportConnection {
  const streams = overStreams(socket, () => void socket.close().catch(() => {}));
  socket.closed.then(() => streams.finish(), (error) => streams.fail(error));
  return streams.connection;
}
