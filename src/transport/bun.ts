/**
 * The transport for Bun. Bun selects it automatically; import this entry only to name it
 * explicitly.
 *
 * @example Select the transport explicitly
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory";
 * import { bunTransport } from "@faktory-ts/faktory/transport/bun";
 *
 * await using producer = await Producer.connect({ transport: bunTransport });
 * await producer.enqueue("greet", ["world"]);
 * ```
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { BunConnection, type BunSocket } from "./bun/bun_connection.ts";
import { unusableTls, verifiedName } from "./failures.ts";
import { type SocketAttempt, socketTransport } from "./socket_transport.ts";
import type { ConnectTarget, Transport, TransportConnection } from "./transport.ts";

interface BunHandlers {
  open(socket: BunSocket): void;
  /** TLS is established; `error` is the fault in the certificate. */
  handshake(socket: BunSocket, isAuthorized: boolean, error: Error | null): void;
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  connectError(socket: BunSocket, error: Error): void;
}

interface BunSockets {
  connect(options: {
    hostname: string;
    port: number;
    tls?: Record<string, unknown>;
    socket: BunHandlers;
  }): Promise<BunSocket>;
}

/** A transport that uses `Bun.connect`. */
export const bunTransport: Transport = socketTransport({ name: "bun", open });

async function open(attempt: SocketAttempt): Promise<TransportConnection> {
  const { hostname, target, target: { port, tls }, signal } = attempt;
  const bunConnection = new BunConnection();
  const ready = deferred<TransportConnection>();
  const settings = {
    hostname,
    port,
    ...(tls === undefined ? {} : { tls: tlsSettings(target) }),
    socket: {
      open(socket: BunSocket) {
        attempt.isConnected = true;
        bunConnection.attach(socket);
        if (tls === undefined) ready.resolve(bunConnection.streams.connection);
      },
      // The connection is open before the certificate is verified, and stays open if it is invalid.
      handshake(_: BunSocket, isAuthorized: boolean, error: Error | null) {
        if (isAuthorized || tls?.rejectUnauthorized === false) {
          return ready.resolve(bunConnection.streams.connection);
        }
        ready.reject(error ?? new Error("there is no certificate"));
        bunConnection.destroy();
      },
      data: (_: BunSocket, chunk: Uint8Array) => bunConnection.streams.push(chunk),
      drain: () => bunConnection.drain(),
      end: () => bunConnection.streams.finish(),
      error: (_: BunSocket, error: Error) => bunConnection.streams.fail(error),
      connectError: (_: BunSocket, error: Error) => ready.reject(error),
      close(_: BunSocket, error?: Error) {
        ready.reject(error ?? new Error("the connection was closed"));
        if (error === undefined || error === null) bunConnection.streams.finish();
        else bunConnection.streams.fail(error);
        bunConnection.streams.socketClosed();
      },
    },
  } satisfies Parameters<BunSockets["connect"]>[0];
  // An attempt cannot be cancelled. A socket that opens later is closed at once.
  signal.addEventListener("abort", () => bunConnection.destroy(), { once: true });
  connect(settings).catch(ready.reject);
  return await ready.promise;
}

/** An error that is thrown immediately concerns the settings; other errors come later. */
function connect(settings: Parameters<BunSockets["connect"]>[0]): Promise<BunSocket> {
  try {
    return sockets().connect(settings);
  } catch (cause) {
    throw settings.tls === undefined ? cause : unusableTls(cause);
  }
}

function tlsSettings(target: ConnectTarget): Record<string, unknown> {
  const { caCerts, cert, key, rejectUnauthorized } = target.tls!;
  return {
    serverName: verifiedName(target),
    rejectUnauthorized: rejectUnauthorized ?? true,
    ...(caCerts === undefined ? {} : { ca: [...caCerts] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function sockets(): BunSockets {
  const { Bun } = globalThis as unknown as { readonly Bun?: BunSockets };
  if (Bun?.connect === undefined) {
    throw new ConfigError("UNSUPPORTED_RUNTIME", "Cannot use bunTransport as this is not Bun");
  }
  return Bun;
}
