import { ConfigError, ConnectError, FaktoryError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { showValue } from "../internal/show.ts";
import { connectFailure, placeOf } from "./failures.ts";
import { selectTransport } from "./select.ts";
import { overStreams } from "./streams.ts";
import type {
  ConnectTarget,
  DuplexStream,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

/**
 * Gives a new pair of streams for each connection; TLS, where `target.tls` asks for it, is up to
 * it.
 */
export type OpenStream = (
  target: ConnectTarget,
  options: TransportConnectOptions,
) => DuplexStream | Promise<DuplexStream>;

/**
 * A transport over a caller's own streams: a tunnel, a pipe, something in memory.
 *
 * A pair of streams serves one connection, and there is no second one when it ends; a function is
 * asked for a new pair for each connection, reconnecting included.
 *
 * @example A pair in memory
 * ```ts
 * import { streamTransport } from "@faktory-ts/faktory";
 *
 * const toServer = new TransformStream<Uint8Array, Uint8Array>();
 * const toClient = new TransformStream<Uint8Array, Uint8Array>();
 * const transport = streamTransport({ readable: toClient.readable, writable: toServer.writable });
 * console.assert(transport.name === "stream");
 * ```
 */
export function streamTransport(streams: DuplexStream | OpenStream): Transport {
  if (typeof streams !== "function" && !isDuplex(streams)) {
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot make a transport as there is neither a pair of streams nor a function: got ${
        showValue(streams)
      }`,
    );
  }
  const openStreams = typeof streams === "function" ? streams : once(streams);
  return {
    name: "stream",
    connect: (target, options = {}) => open(openStreams, target, options),
  };
}

/**
 * The transport that the option `transport` stands for: the runtime's own where it is absent.
 *
 * @throws {ConfigError} `INVALID_OPTION`, `UNSUPPORTED_RUNTIME`.
 */
export async function resolveTransport(
  option: Transport | DuplexStream | undefined,
): Promise<Transport> {
  if (option === undefined) return await selectTransport();
  if (isTransport(option)) return option;
  if (isDuplex(option)) return streamTransport(option);
  throw new ConfigError(
    "INVALID_OPTION",
    "Cannot use the option transport as it has neither a function connect nor the streams " +
      `readable and writable: got ${showValue(option)}`,
  );
}

function once(pair: DuplexStream): OpenStream {
  let isUsed = false;
  return (target) => {
    if (isUsed) {
      throw new ConnectError(
        "CONNECT_FAILED",
        `Cannot connect to ${
          placeOf(target)
        } again as a pair of streams serves one connection only: ` +
          "give streamTransport() a function that makes a new pair for each",
      );
    }
    isUsed = true;
    return pair;
  };
}

async function open(
  openStreams: OpenStream,
  target: ConnectTarget,
  options: TransportConnectOptions,
): Promise<TransportConnection> {
  const { signal } = options;
  signal?.throwIfAborted();
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal!.reason));
  });
  const opening = (async () => {
    const connection = connect(await openStreams(target, options), target);
    // What comes after the attempt was called off is let go.
    if (signal?.aborted) connection.close(signal.reason);
    return connection;
  })();
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof FaktoryError ? error : connectFailure(error, target);
  } finally {
    forget();
  }
}

function connect(pair: unknown, target: ConnectTarget): TransportConnection {
  if (!isDuplex(pair)) {
    throw new ConnectError(
      "CONNECT_FAILED",
      `Cannot connect to ${
        placeOf(target)
      } as the function given to streamTransport() brought no pair of streams`,
    );
  }
  return overStreams(pair).connection;
}

function isTransport(value: unknown): value is Transport {
  return typeof (value as Transport | null)?.connect === "function";
}

/** By their methods, not their class: a pair may come from a polyfill or another realm. */
function isDuplex(value: unknown): value is DuplexStream {
  const { readable, writable } = (value ?? {}) as Partial<DuplexStream>;
  return typeof readable?.getReader === "function" && typeof writable?.getWriter === "function";
}
