/**
 * The transport for Deno. It is chosen by itself there: this entry is for who wants to name it.
 *
 * @example Instead of the one that is chosen by itself
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 * import { denoTransport } from "@faktory-ts/faktory/transport/deno";
 *
 * await using producer = await Producer.connect({ transport: denoTransport });
 * await producer.enqueue("greet", ["world"]);
 * ```
 *
 * @module
 */

import { ConfigError, ConnectError, FaktoryError } from "../errors.ts";
import { connectFailure, placeOf, tlsFailure } from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import { SocketStreams } from "./streams.ts";
import type {
  ConnectTarget,
  TlsOptions,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(chunk: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay?(noDelay: boolean): void;
}

interface DenoTlsConn extends DenoConn {
  handshake(): Promise<unknown>;
}

interface DenoSockets {
  connect(options: { hostname: string; port: number; signal?: AbortSignal }): Promise<DenoConn>;
  startTls(conn: DenoConn, options: { hostname: string; caCerts?: string[] }): Promise<DenoTlsConn>;
  connectTls(options: {
    hostname: string;
    port: number;
    caCerts?: string[];
    cert: string;
    key: string;
  }): Promise<DenoTlsConn>;
  readonly permissions?: {
    querySync(descriptor: { name: "net"; host: string }): { readonly state: string };
  };
}

/** The most that is read at once, in bytes. */
const READ_SIZE = 64 * 1024;

/** Sockets by `Deno.connect` and `Deno.startTls`. */
export const denoTransport: Transport = {
  name: "deno",
  connect(target, options = {}) {
    const refused = target.tls === undefined ? undefined : unsupported(target, target.tls);
    if (refused !== undefined) return Promise.reject(refused);
    return overLoopback(
      target.hostname,
      (hostname) => open(hostname, target, options),
      // Where this has to be asked for, the user would wonder: it is the host's name that was to be connected to.
      (address) => isAllowed(address, target.port),
    );
  },
};

async function open(
  hostname: string,
  target: ConnectTarget,
  { signal }: TransportConnectOptions,
): Promise<TransportConnection> {
  signal?.throwIfAborted();
  // Not the caller's signal: Deno would close the connection by it later on, too.
  const giveUp = new AbortController();
  let conn: DenoConn | undefined;
  const abort = () => {
    giveUp.abort();
    closeQuietly(conn);
  };
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const { tls } = target;
    if (tls?.cert === undefined || tls.key === undefined) {
      conn = await sockets().connect({ hostname, port: target.port, signal: giveUp.signal });
      if (tls !== undefined) conn = await upgrade(conn, hostname, tls).catch(failTls(target));
    } else {
      const { cert, key } = tls;
      // The one way to show a certificate of one's own; it cannot be called off.
      conn = await sockets().connectTls({
        hostname,
        port: target.port,
        ...authorities(tls),
        cert,
        key,
      });
    }
    if (signal?.aborted) closeQuietly(conn);
    signal?.throwIfAborted();
    if (tls !== undefined) await (conn as DenoTlsConn).handshake().catch(failTls(target));
    return connectionOf(conn);
  } catch (error) {
    closeQuietly(conn);
    if (signal?.aborted) throw signal.reason;
    throw failureOf(error, target);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function upgrade(conn: DenoConn, hostname: string, tls: TlsOptions): Promise<DenoTlsConn> {
  return sockets().startTls(conn, { hostname: tls.serverName ?? hostname, ...authorities(tls) });
}

function authorities({ caCerts }: TlsOptions): { caCerts?: string[] } {
  return caCerts === undefined ? {} : { caCerts: [...caCerts] };
}

/** What Deno cannot do. */
function unsupported({ hostname }: ConnectTarget, tls: TlsOptions): ConfigError | undefined {
  const refuse = (reason: string) =>
    new ConfigError("INVALID_OPTION", `Cannot use the option ${reason}`);
  if (tls.rejectUnauthorized === false) {
    return refuse(
      "tls.rejectUnauthorized as Deno verifies every certificate: " +
        "run it with --unsafely-ignore-certificate-errors=HOST where that is meant",
    );
  }
  if (tls.cert !== undefined && tls.serverName !== undefined && tls.serverName !== hostname) {
    return refuse("tls.serverName together with tls.cert as Deno cannot do both");
  }
  return undefined;
}

function failTls(target: ConnectTarget): (error: unknown) => never {
  return (error) => {
    // Deno has one class for all that goes wrong in TLS, so that its text is all there is.
    const text = error instanceof Error ? error.message : "";
    throw tlsFailure(error, target, text.startsWith("invalid peer certificate"));
  };
}

function closeQuietly(conn: DenoConn | undefined): void {
  try {
    conn?.close();
  } catch {
    // Closed before.
  }
}

function failureOf(error: unknown, target: ConnectTarget): Error {
  if (error instanceof FaktoryError) return error;
  if (error instanceof Error && error.name === "NotCapable") {
    return new ConnectError(
      "CONNECT_FAILED",
      `Cannot connect to ${placeOf(target)} as this program has no permission to: ` +
        `run it with --allow-net=${placeOf(target)}`,
      { cause: error },
    );
  }
  // Whatever the system says has a code; the resolver's errors alone have none.
  if (error instanceof Error && error.name === "Error" && !("code" in error)) {
    return connectFailure(error, target, "HOST_NOT_FOUND");
  }
  return connectFailure(error, target);
}

function isAllowed(address: string, port: number): boolean {
  const host = placeOf({ hostname: address, port });
  return sockets().permissions?.querySync({ name: "net", host }).state === "granted";
}

function connectionOf(conn: DenoConn): TransportConnection {
  conn.setNoDelay?.(true);
  const buffer = new Uint8Array(READ_SIZE);
  const streams: SocketStreams = new SocketStreams({
    async pull() {
      let length: number | null;
      try {
        length = await conn.read(buffer);
      } catch (error) {
        return streams.fail(error);
      }
      if (length === null) streams.finish();
      // A copy, as replies are small and the buffer is not.
      else streams.push(buffer.slice(0, length));
    },
    async write(chunk) {
      let rest = chunk;
      while (rest.byteLength > 0) rest = rest.subarray(await conn.write(rest));
    },
    shutdown: () => conn.closeWrite(),
    destroy() {
      closeQuietly(conn);
      streams.released();
    },
  });
  return streams.connection;
}

function sockets(): DenoSockets {
  const { Deno } = globalThis as unknown as { readonly Deno?: DenoSockets };
  if (Deno?.connect === undefined) {
    throw new ConfigError("UNSUPPORTED_RUNTIME", "Cannot use denoTransport as this is not Deno");
  }
  return Deno;
}
