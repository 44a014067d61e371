/**
 * The transport for Bun. It is chosen by itself there: this entry is for who wants to name it.
 *
 * @example Instead of the one that is chosen by itself
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
import { type Deferred, deferred } from "../internal/deferred.ts";
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

interface BunSocket {
  /** How many bytes were taken; negative where the socket is gone. */
  write(chunk: Uint8Array): number;
  shutdown(): void;
  end(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
}

interface BunHandlers {
  open(socket: BunSocket): void;
  /** TLS is up; `error` says what is wrong with the certificate. */
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

/** Sockets by `Bun.connect`. */
export const bunTransport: Transport = {
  name: "bun",
  connect(target, options = {}) {
    return overLoopback(target.hostname, (hostname) => open(hostname, target, options));
  },
};

async function open(
  hostname: string,
  target: ConnectTarget,
  { signal }: TransportConnectOptions,
): Promise<TransportConnection> {
  signal?.throwIfAborted();
  const wire = new BunWire();
  const ready = deferred<TransportConnection>();
  const abort = () => {
    ready.reject(signal?.reason);
    // An attempt cannot be called off: what it still brings is let go as soon as it is there.
    wire.destroy();
  };
  signal?.addEventListener("abort", abort, { once: true });
  const { tls } = target;
  let isTcpUp = false;
  const fail = (error: unknown) =>
    ready.reject(
      isTcpUp && tls !== undefined
        ? tlsFailure(error, target, isAboutCertificate(error))
        : connectFailure(error, target),
    );
  const settings = {
    hostname,
    port: target.port,
    ...(tls === undefined ? {} : { tls: tlsSettings(target) }),
    socket: {
      open(socket: BunSocket) {
        isTcpUp = true;
        wire.attach(socket);
        if (tls === undefined) ready.resolve(wire.streams.connection);
      },
      // The connection is open before the certificate is judged, and stays so whatever the judgement.
      handshake(_: BunSocket, isAuthorized: boolean, error: Error | null) {
        if (isAuthorized || tls?.rejectUnauthorized === false) {
          return ready.resolve(wire.streams.connection);
        }
        ready.reject(
          tlsFailure(error ?? new Error("there is none"), target, isAboutCertificate(error)),
        );
        wire.destroy();
      },
      data: (_: BunSocket, chunk: Uint8Array) => wire.streams.push(chunk),
      drain: () => wire.drain(),
      end: () => wire.streams.finish(),
      error: (_: BunSocket, error: Error) => wire.streams.fail(error),
      connectError: (_: BunSocket, error: Error) => fail(error),
      close(_: BunSocket, error?: Error) {
        fail(error ?? new Error("the connection was closed"));
        if (error === undefined || error === null) wire.streams.finish();
        else wire.streams.fail(error);
        wire.streams.released();
      },
    },
  } satisfies Parameters<BunSockets["connect"]>[0];
  try {
    connect(settings).catch(fail);
    return await ready.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** What is thrown at once is about the settings, all else comes later. */
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

/** One socket: handlers may be called before `Bun.connect` has resolved, so it is there before the socket is. */
class BunWire {
  readonly streams = new SocketStreams({
    pull: () => this.#pause(false),
    pause: () => this.#pause(true),
    write: (chunk) => this.#write(chunk),
    shutdown: () => this.#socket?.shutdown(),
    destroy: () => this.destroy(),
  });
  #socket: BunSocket | undefined;
  #isDestroyed = false;
  #isPaused = false;
  /** What of the chunk being written was not taken yet. */
  #rest: Uint8Array | undefined;
  #written: Deferred<void> | undefined;

  attach(socket: BunSocket): void {
    this.#socket = socket;
    if (this.#isDestroyed) return socket.end();
    socket.setNoDelay(true);
    if (this.#isPaused) socket.pause();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#socket?.end();
  }

  drain(): void {
    if (this.#rest === undefined || this.#isDestroyed) return;
    const taken = this.#socket?.write(this.#rest) ?? -1;
    if (taken < 0) return this.#settle(new Error("the connection was closed"));
    this.#rest = this.#rest.subarray(taken);
    if (this.#rest.byteLength === 0) this.#settle();
  }

  #write(chunk: Uint8Array): Promise<void> {
    this.#rest = chunk;
    this.#written = deferred();
    const { promise } = this.#written;
    this.drain();
    return promise;
  }

  #settle(error?: Error): void {
    this.#rest = undefined;
    if (error === undefined) this.#written?.resolve();
    else this.#written?.reject(error);
  }

  #pause(paused: boolean): void {
    if (this.#isPaused === paused) return;
    this.#isPaused = paused;
    if (paused) this.#socket?.pause();
    else this.#socket?.resume();
  }
}

function sockets(): BunSockets {
  const { Bun } = globalThis as unknown as { readonly Bun?: BunSockets };
  if (Bun?.connect === undefined) {
    throw new ConfigError("UNSUPPORTED_RUNTIME", "Cannot use bunTransport as this is not Bun");
  }
  return Bun;
}
