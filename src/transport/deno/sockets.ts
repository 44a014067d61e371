import { ConfigError } from "../../errors.ts";
import { SocketStreams } from "../streams.ts";
import type { TransportConnection } from "../transport.ts";

/** A connection of Deno. */
export interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(chunk: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay?(noDelay: boolean): void;
  setKeepAlive?(keepAlive: boolean): void;
}

/** A TLS connection of Deno. */
export interface DenoTlsConn extends DenoConn {
  handshake(): Promise<unknown>;
}

/** The part of `Deno` that opens sockets. */
export interface DenoSockets {
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

/** Largest read, in bytes. */
const READ_SIZE = 64 * 1024;

/** Closes a connection that may already be closed. */
export function closeQuietly(conn: DenoConn | undefined): void {
  try {
    conn?.close();
  } catch {
    // It was closed before.
  }
}

/** Creates the streams of a connection. */
export function connectionOf(conn: DenoConn): TransportConnection {
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
      // A copy, because replies are small and the buffer is large.
      else streams.push(buffer.slice(0, length));
    },
    async write(chunk) {
      let rest = chunk;
      while (rest.byteLength > 0) rest = rest.subarray(await conn.write(rest));
    },
    shutdown: () => conn.closeWrite(),
    destroy() {
      closeQuietly(conn);
      streams.socketClosed();
    },
  });
  return streams.connection;
}

/**
 * Returns the sockets of Deno.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME` in other runtimes.
 */
export function sockets(): DenoSockets {
  const { Deno } = globalThis as unknown as { readonly Deno?: DenoSockets };
  if (Deno?.connect === undefined) {
    throw new ConfigError("UNSUPPORTED_RUNTIME", "Cannot use denoTransport as this is not Deno");
  }
  return Deno;
}
