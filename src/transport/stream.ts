import { ConfigError, ConnectError, FaktoryError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { showValue } from "../internal/show.ts";
import { connectFailure, formatAddress } from "./failures.ts";
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
 * A function that returns a new pair of streams for each connection. If `target.tls` is set, the
 * function has to set up TLS.
 */
export type OpenStream = (
  target: ConnectTarget,
  options: TransportConnectOptions,
) => DuplexStream | Promise<DuplexStream>;

/**
 * Creates a transport from streams: a tunnel, a pipe, or streams in memory.
 *
 * A pair of streams is used for one connection, without reconnecting. A function is called for a
 * new pair for each connection, so the client can reconnect.
 *
 * @example Use a pair of streams in memory
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
      `Cannot create a transport as the value is neither a pair of streams nor a function: got ${
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
 * Returns the transport for the option `transport`, by default that of the runtime.
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
          formatAddress(target)
        } again as a pair of streams serves one connection only: ` +
          "pass streamTransport() a function that returns a new pair for each",
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
  let removeListener = () => {};
  const aborted = new Promise<never>((_, reject) => {
    removeListener = onAbort(signal, () => reject(signal!.reason));
  });
  const opening = (async () => {
    const connection = connect(await openStreams(target, options), target);
    // Closed at once if the attempt was aborted meanwhile.
    if (signal?.aborted) connection.close(signal.reason);
    return connection;
  })();
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof FaktoryError ? error : connectFailure(error, target);
  } finally {
    removeListener();
  }
}

function connect(pair: unknown, target: ConnectTarget): TransportConnection {
  if (!isDuplex(pair)) {
    throw new ConnectError(
      "CONNECT_FAILED",
      `Cannot connect to ${
        formatAddress(target)
      } as the function of streamTransport() did not return a pair of streams`,
    );
  }
  return overStreams(pair).connection;
}

function isTransport(value: unknown): value is Transport {
  return typeof (value as Transport | null)?.connect === "function";
}

/** Checks the methods, not the class: a pair may come from a polyfill or another realm. */
function isDuplex(value: unknown): value is DuplexStream {
  const { readable, writable } = (value ?? {}) as Partial<DuplexStream>;
  return typeof readable?.getReader === "function" && typeof writable?.getWriter === "function";
}
