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

import { ConfigError, ConnectError, type FaktoryError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { closeQuietly, connectionOf, type DenoTlsConn, sockets } from "./deno/sockets.ts";
import { connectFailure, placeOf, tlsFailure, unusableTls, verifiedName } from "./failures.ts";
import { type SocketAttempt, type SocketDriver, socketTransport } from "./socket_transport.ts";
import type { ConnectTarget, Transport } from "./transport.ts";

/** Deno's own sockets. */
const driver: SocketDriver = {
  name: "deno",
  check({ hostname, tls }) {
    if (tls?.rejectUnauthorized === false) {
      throw refused(
        "tls.rejectUnauthorized as Deno verifies every certificate: " +
          "run it with --unsafely-ignore-certificate-errors=HOST where that is meant",
      );
    }
    if (tls?.cert !== undefined && tls.serverName !== undefined && tls.serverName !== hostname) {
      throw refused("tls.serverName together with tls.cert as Deno cannot do both");
    }
  },
  mayUse(address, { port, tls }) {
    // By `connectTls` the address would be what the certificate has to be for.
    if (tls?.cert !== undefined) return false;
    // If this has to be asked for, the user would wonder: it is the host's name that was to be
    // connected to.
    const host = placeOf({ hostname: address, port });
    return sockets().permissions?.querySync({ name: "net", host }).state === "granted";
  },
  async open(attempt) {
    const { hostname, target: { port, tls }, signal } = attempt;
    const { cert, key } = tls ?? {};
    if (cert !== undefined && key !== undefined) {
      // The one way to show a certificate of one's own; it cannot be called off.
      const options = { hostname, port, ...authorities(attempt.target), cert, key };
      return connectionOf(await shaken(await sockets().connectTls(options), attempt));
    }
    const conn = await sockets().connect({ hostname, port, signal });
    conn.setNoDelay?.(true);
    conn.setKeepAlive?.(true);
    if (tls === undefined) return connectionOf(conn);
    attempt.isConnected = true;
    const options = { hostname: verifiedName(attempt.target), ...authorities(attempt.target) };
    try {
      return connectionOf(await shaken(await sockets().startTls(conn, options), attempt));
    } catch (error) {
      closeQuietly(conn);
      throw error;
    }
  },
  explain: (error, { target, isConnected }) =>
    isError(error) ? isConnected ? ofTls(error, target) : ofConnecting(error, target) : undefined,
};

/** Sockets by `Deno.connect` and `Deno.startTls`. */
export const denoTransport: Transport = socketTransport(driver);

async function shaken(conn: DenoTlsConn, attempt: SocketAttempt): Promise<DenoTlsConn> {
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

/** Deno has one class for all that goes wrong in TLS, so that its text is all there is. */
function ofTls(error: Error, target: ConnectTarget): FaktoryError {
  return tlsFailure(error, target, error.message.startsWith("invalid peer certificate"));
}

function ofConnecting(error: Error, target: ConnectTarget): FaktoryError | undefined {
  if (error.name === "NotCapable") {
    return new ConnectError(
      "CONNECT_FAILED",
      `Cannot connect to ${placeOf(target)} as this program has no permission to: ` +
        `run it with --allow-net=${placeOf(target)}`,
      { cause: error },
    );
  }
  const isPlain = error.name === "Error" && !("code" in error);
  // Whatever the system says has a code. The resolver's errors have none, nor have those about a
  // key that cannot be read.
  const isOfKey = error.name === "InvalidData" || (isPlain && /private key/.test(error.message));
  if (target.tls?.cert !== undefined && isOfKey) return unusableTls(error);
  return isPlain ? connectFailure(error, target, "HOST_NOT_FOUND") : undefined;
}
