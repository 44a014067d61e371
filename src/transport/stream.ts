import { ConfigError, ConnectError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { selectTransport } from "./select.ts";
import type {
  ConnectTarget,
  DuplexStream,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

/** Gives a new pair of streams for each connection. */
export type OpenStream = (
  target: ConnectTarget,
  options: TransportConnectOptions,
) => DuplexStream | Promise<DuplexStream>;

/**
 * A transport over a caller's own streams: through a tunnel, a proxy, a WebSocket. A pair of streams makes one connection
 * and no other; with a function that makes pairs, lost connections can be made again.
 *
 * @example Streams that a function makes
 * ```ts ignore
 * import { Producer, streamTransport } from "@faktory-ts/faktory";
 *
 * const transport = streamTransport(({ hostname, port }) => openTunnel(hostname, port));
 * const producer = await Producer.connect({ transport });
 * ```
 */
export function streamTransport(streams: DuplexStream | OpenStream): Transport {
  if (typeof streams === "function") {
    return {
      name: "stream",
      connect: async (target, options = {}) => connectionOf(await streams(target, options)),
    };
  }
  let isUsed = false;
  return {
    name: "stream",
    connect() {
      if (isUsed) {
        return Promise.reject(
          new ConnectError(
            "CONNECT_FAILED",
            "Cannot connect again as the transport is one pair of streams: pass streamTransport() a " +
              "function that makes a new pair each time",
          ),
        );
      }
      isUsed = true;
      return Promise.resolve(connectionOf(streams));
    },
  };
}

/**
 * The transport that an option means; without one, the runtime's own.
 *
 * @throws {ConfigError} `INVALID_OPTION`, `UNSUPPORTED_RUNTIME`.
 */
export async function resolveTransport(
  option: Transport | DuplexStream | undefined,
): Promise<Transport> {
  if (option === undefined) return await selectTransport();
  if (typeof option === "object" && option !== null) {
    if ("connect" in option && typeof option.connect === "function") return option;
    if ("readable" in option && "writable" in option) return streamTransport(option);
  }
  throw new ConfigError(
    "INVALID_OPTION",
    "Cannot use the option transport as it is neither a Transport nor a pair of streams",
  );
}

function connectionOf({ readable, writable }: DuplexStream): TransportConnection {
  const closed = deferred<void>();
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let isClosed = false;
  reader.closed.then(() => close(), (error) => close(error));
  writer.closed.catch(() => {});

  function close(reason?: unknown): void {
    if (isClosed) return;
    isClosed = true;
    const error = reason ?? new ConnectError("CONNECT_FAILED", "The connection was closed");
    reader.cancel(error).catch(() => {});
    writer.abort(error).catch(() => {});
    closed.resolve();
  }

  return {
    readable: new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => close(reason),
    }, { highWaterMark: 0 }),
    writable: new WritableStream<Uint8Array>({
      // A copy: nobody knows how long such streams hold on to a chunk, and ours are written over.
      write: (chunk) => writer.write(chunk.slice()),
      close: () => writer.close(),
      abort: (reason) => close(reason),
    }),
    closed: closed.promise,
    close,
  };
}
