import { onAbort } from "../../internal/aborts.ts";
import { ConfigError } from "../../errors.ts";
import { importBuiltin } from "../../internal/environment.ts";
import { attemptFailure, tlsFailure } from "../failures.ts";
import { overLoopback } from "../localhost.ts";
import type { ConnectTarget, TransportConnectOptions } from "../transport.ts";

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

/** Loads `cloudflare:sockets`. */
export function loadSockets(): Promise<WorkerdSockets> {
  return importBuiltin<WorkerdSockets>("cloudflare:sockets");
}

/**
 * Opens a socket of the module that `load` brings. Of the settings of TLS, `serverName` alone is looked at.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME` where there is no such module.
 */
export async function openSocket(
  load: () => Promise<WorkerdSockets>,
  target: ConnectTarget,
  options: TransportConnectOptions = {},
): Promise<WorkerdSocket> {
  const module = await load().catch((cause: unknown) => {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot use the sockets of Cloudflare Workers as there is no module cloudflare:sockets here: " +
        "pass another transport",
      { cause },
    );
  });
  return await overLoopback(
    target.hostname,
    (hostname) => open(module, { hostname, target, ...options }),
  );
}

interface Attempt extends TransportConnectOptions {
  readonly hostname: string;
  readonly target: ConnectTarget;
}

async function open(
  { connect }: WorkerdSockets,
  { hostname, target, signal }: Attempt,
): Promise<WorkerdSocket> {
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
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal!.reason));
  });
  aborted.catch(() => {});
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
    return socket;
  } catch (error) {
    letGo();
    if (signal?.aborted) throw signal.reason;
    // Nothing but its text tells one error of Workers from another.
    throw isConnected ? tlsFailure(error, target, false) : attemptFailure(error, target);
  } finally {
    forget();
  }
}
