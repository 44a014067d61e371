import { ConfigError, ConnectError, TlsError } from "../../errors.ts";
import { importBuiltin } from "../../internal/environment.ts";
import { isError } from "../../internal/kinds.ts";
import { formatAddress, NO_TLS } from "../failures.ts";
import type { ConnectTarget } from "../transport.ts";

/** A socket of `cloudflare:sockets`. */
export interface WorkerdSocket {
  /** The bytes from the peer. */
  readonly readable: ReadableStream<Uint8Array>;
  /** The bytes to the peer. */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the connection is open; rejects if it cannot be opened. */
  readonly opened: Promise<unknown>;
  /** Settles when the socket is closed. */
  readonly closed: Promise<unknown>;
  /** Closes the socket. */
  close(): Promise<unknown>;
  /** Returns a socket that continues this connection with TLS. */
  startTls(options: { expectedServerHostname?: string }): WorkerdSocket;
}

/** The module `cloudflare:sockets`. */
export interface WorkerdSockets {
  /** Opens a socket. It returns before the peer is reached. */
  connect(
    address: { hostname: string; port: number },
    options: { secureTransport: "off" | "on" | "starttls"; allowHalfOpen: boolean },
  ): WorkerdSocket;
}

/** Loads `cloudflare:sockets`. */
export function loadSockets(): Promise<WorkerdSockets> {
  return importBuiltin<WorkerdSockets>("cloudflare:sockets");
}

/** One attempt to open a socket. */
export interface WorkerdAttempt {
  /** The name or address to connect to. */
  readonly hostname: string;
  readonly target: ConnectTarget;
  /** Closes the socket while it is opening. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a socket with the module that `load` returns. The only TLS option it uses is `serverName`.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME` if there is no such module.
 * @throws {ConnectError} `CONNECT_FAILED`, or a `TlsError`. Errors of Workers differ only in their
 * text, so there are no other codes.
 */
export async function openSocket(
  load: () => Promise<WorkerdSockets>,
  { hostname, target, signal }: WorkerdAttempt,
): Promise<WorkerdSocket> {
  const { connect } = await load().catch((cause: unknown) => {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot use the sockets of Cloudflare Workers as there is no module cloudflare:sockets: " +
        "pass another transport",
      { cause },
    );
  });
  signal?.throwIfAborted();
  const name = target.tls === undefined ? undefined : target.tls.serverName ?? target.hostname;
  // With startTls, the name to verify may differ from the host to connect to.
  const secureTransport = name === undefined ? "off" : name === hostname ? "on" : "starttls";
  const address = {
    hostname: hostname.includes(":") ? `[${hostname}]` : hostname,
    port: target.port,
  };
  let socket = connect(address, { secureTransport, allowHalfOpen: false });
  const closeSocket = () => void socket.close().catch(() => {});
  let isConnected = false;
  signal?.addEventListener("abort", closeSocket);
  try {
    await opened(socket);
    isConnected = true;
    if (secureTransport === "starttls") {
      socket = socket.startTls({ expectedServerHostname: name! });
      await opened(socket);
    }
    return socket;
  } catch (cause) {
    closeSocket();
    const text = isError(cause) ? cause.message : String(cause);
    const [Kind, code, reason] = isConnected
      ? [TlsError, "TLS_FAILED", NO_TLS] as const
      : [ConnectError, "CONNECT_FAILED", "the attempt failed"] as const;
    throw new Kind(code, `Cannot connect to ${formatAddress(target)} as ${reason} (${text})`, {
      cause,
    });
  } finally {
    signal?.removeEventListener("abort", closeSocket);
  }
}

async function opened(socket: WorkerdSocket): Promise<void> {
  socket.closed.catch(() => {});
  await socket.opened;
}
