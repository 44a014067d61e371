/**
 * The transport for Deno. Deno selects it automatically; import this entry only to name it
 * explicitly.
 *
 * @example Select the transport explicitly
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

import { ConfigError, ConnectError, type FaktoryError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { closeQuietly, connectionOf, type DenoTlsConn, sockets } from "./deno/sockets.ts";
import {
  connectFailure,
  formatAddress,
  tlsFailure,
  unusableTls,
  verifiedName,
} from "./failures.ts";
import { type SocketAttempt, type SocketDriver, socketTransport } from "./socket_transport.ts";
import type { ConnectTarget, Transport } from "./transport.ts";

/** The driver for Deno's sockets. */
const driver: SocketDriver = {
  name: "deno",
  check({ hostname, tls }) {
    if (tls?.rejectUnauthorized === false) {
      throw refused(
        "tls.rejectUnauthorized as Deno verifies every certificate: " +
          "run it with --unsafely-ignore-certificate-errors=HOST if you want that",
      );
    }
    if (tls?.cert !== undefined && tls.serverName !== undefined && tls.serverName !== hostname) {
      throw refused("tls.serverName together with tls.cert as Deno cannot do both");
    }
  },
  mayUse(address, { port, tls }) {
    // `connectTls` would verify the certificate for the address instead of the name.
    if (tls?.cert !== undefined) return false;
    // Otherwise Deno would ask for permission to connect to an address that the user never named.
    const host = formatAddress({ hostname: address, port });
    return sockets().permissions?.querySync({ name: "net", host }).state === "granted";
  },
  async open(attempt) {
    const { hostname, target: { port, tls }, signal } = attempt;
    const { cert, key } = tls ?? {};
    if (cert !== undefined && key !== undefined) {
      // The only way to send a client certificate. It cannot be cancelled.
      const options = { hostname, port, ...authorities(attempt.target), cert, key };
      return connectionOf(await withHandshake(await sockets().connectTls(options), attempt));
    }
    const conn = await sockets().connect({ hostname, port, signal });
    conn.setNoDelay?.(true);
    conn.setKeepAlive?.(true);
    if (tls === undefined) return connectionOf(conn);
    attempt.isConnected = true;
    const options = { hostname: verifiedName(attempt.target), ...authorities(attempt.target) };
    try {
      return connectionOf(await withHandshake(await sockets().startTls(conn, options), attempt));
    } catch (error) {
      closeQuietly(conn);
      throw error;
    }
  },
  explain: (error, { target, isConnected }) =>
    isError(error) ? isConnected ? ofTls(error, target) : ofConnecting(error, target) : undefined,
};

/** A transport that uses `Deno.connect` and `Deno.startTls`. */
export const denoTransport: Transport = socketTransport(driver);

async function withHandshake(conn: DenoTlsConn, attempt: SocketAttempt): Promise<DenoTlsConn> {
  attempt.isConnected = true;
  conn.setNoDelay?.(true);
  const abort = () => closeQuietly(conn);
  attempt.signal.addEventListener("abort", abort);
  try {
    if (attempt.signal.aborted) abort();
    await conn.handshake();
    return conn;
  } catch (error) {
    closeQuietly(conn);
    throw error;
  }
}

function authorities({ tls }: ConnectTarget): { caCerts?: string[] } {
  return tls?.caCerts === undefined ? {} : { caCerts: [...tls.caCerts] };
}

function refused(reason: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot use the option ${reason}`);
}

/** Deno has one class for all TLS errors, so only the text tells them apart. */
function ofTls(error: Error, target: ConnectTarget): FaktoryError {
  return tlsFailure(error, target, error.message.startsWith("invalid peer certificate"));
}

function ofConnecting(error: Error, target: ConnectTarget): FaktoryError | undefined {
  if (error.name === "NotCapable") {
    return new ConnectError(
      "CONNECT_FAILED",
      `Cannot connect to ${formatAddress(target)} as this program has no permission for it: ` +
        `run it with --allow-net=${formatAddress(target)}`,
      { cause: error },
    );
  }
  const isPlain = error.name === "Error" && !("code" in error);
  // Errors of the operating system have a code. Errors of the resolver have none, and neither have
  // errors about an invalid key.
  const isOfKey = error.name === "InvalidData" || (isPlain && /private key/.test(error.message));
  if (target.tls?.cert !== undefined && isOfKey) return unusableTls(error);
  return isPlain ? connectFailure(error, target, "HOST_NOT_FOUND") : undefined;
}
