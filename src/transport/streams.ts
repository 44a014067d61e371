import { ConnectionLostError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { isBytes } from "../internal/kinds.ts";
import type { DuplexStream, TransportConnection } from "./transport.ts";

/** Number of bytes to read ahead of the reader. */
const READ_AHEAD = 64 * 1024;

/** The operations of a runtime's socket. */
export interface SocketPort {
  /** Requests more bytes, which are passed to {@linkcode SocketStreams.push}. */
  pull(): void | Promise<void>;
  /** Stops reading. Not needed if each `pull` reads one chunk. */
  pause?(): void;
  /** Sends the bytes. Settles when they may be overwritten, and is called again only after that. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the sending side, after the bytes written before. */
  shutdown(): void | Promise<void>;
  /**
   * Closes the socket at once. {@linkcode SocketStreams.socketClosed} is called then or later. May be
   * called for a closed socket.
   */
  destroy(reason: unknown): void;
}

/**
 * The two streams of a socket. When one ends, so does the other, because a half-open connection to
 * a Faktory server is of no use. No promise rejects without a handler.
 */
export class SocketStreams {
  readonly connection: TransportConnection;
  readonly #port: SocketPort;
  readonly #closed = deferred();
  /** Rejects the write in progress, which would otherwise never settle if the socket closes. */
  #failWrite: ((error: unknown) => void) | undefined;
  #reading!: ReadableStreamDefaultController<Uint8Array>;
  #writing!: WritableStreamDefaultController;
  #isEnded = false;

  constructor(port: SocketPort) {
    this.#port = port;
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#reading = controller;
      },
      pull: () => this.#isEnded ? undefined : port.pull(),
      cancel: (reason) => this.#end(reason ?? streamEnded()),
    }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk.byteLength });
    const writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writing = controller;
      },
      write: (chunk) => this.#rejectOnEnd(() => port.write(chunk)),
      close: () => this.#rejectOnEnd(() => port.shutdown()),
      abort: (reason) => this.#end(reason),
    });
    this.connection = {
      readable,
      writable,
      closed: this.#closed.promise,
      close: (reason) => this.#end(reason),
    };
  }

  /** Called with bytes from the socket. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded || chunk.byteLength === 0) return;
    this.#reading.enqueue(chunk);
    if ((this.#reading.desiredSize ?? 0) <= 0) this.#port.pause?.();
  }

  /** Called after the peer's last byte. */
  finish(): void {
    this.#end(undefined);
  }

  /** Called when the connection broke. */
  fail(error: unknown): void {
    this.#end(error ?? streamEnded());
  }

  /** Called when the socket is closed, even if it has ended before. */
  socketClosed(): void {
    this.#end(undefined);
    this.#closed.resolve();
  }

  #rejectOnEnd(send: () => void | Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failWrite = reject;
      Promise.resolve(send()).then(resolve, (error) => {
        reject(error);
        this.fail(error);
      });
    });
  }

  #end(reason: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const error = reason ?? streamEnded();
    if (reason === undefined) this.#reading.close();
    else this.#reading.error(reason);
    this.#writing.error(error);
    this.#failWrite?.(error);
    this.#port.destroy(error);
  }
}

function streamEnded(): ConnectionLostError {
  return new ConnectionLostError("CONNECTION_LOST", "Cannot write as the connection has ended", {
    outcome: "unknown",
  });
}

/** Creates the streams of an existing pair of streams. `release` frees the resources below them. */
export function overStreams(
  { readable, writable }: DuplexStream,
  release: (reason: unknown) => void = () => {},
): SocketStreams {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  for (const { closed } of [reader, writer]) closed.catch(() => {});
  const streams: SocketStreams = new SocketStreams({
    async pull() {
      try {
        const { done, value } = await reader.read();
        if (done) streams.finish();
        else if (isBytes(value)) streams.push(value);
        else {throw new TypeError(
            "Cannot read from the stream as it contains other values than bytes",
          );}
      } catch (error) {
        streams.fail(error);
      }
    },
    // A copy, because streams pass chunks on as they are, and the caller reuses its buffer after
    // this.
    write: (chunk) => writer.write(chunk.slice()),
    shutdown: () => writer.close(),
    destroy(reason) {
      reader.cancel(reason).catch(() => {});
      writer.abort(reason).catch(() => {});
      release(reason);
      streams.socketClosed();
    },
  });
  return streams;
}
