import { ConfigError, ConnectError, FaktoryError } from "../errors.ts";
import { connectFailure, placeOf, withoutTls } from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import { SocketStreams } from "./streams.ts";
import type {
  ConnectTarget,
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

interface DenoSockets {
  connect(options: { hostname: string; port: number; signal?: AbortSignal }): Promise<DenoConn>;
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
    if (target.tls !== undefined) return Promise.reject(withoutTls(target));
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
  const abort = () => giveUp.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const conn = await sockets().connect({
      hostname,
      port: target.port,
      signal: giveUp.signal,
    });
    if (signal?.aborted) conn.close();
    signal?.throwIfAborted();
    return connectionOf(conn);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw failureOf(error, target);
  } finally {
    signal?.removeEventListener("abort", abort);
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
      conn.close();
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
