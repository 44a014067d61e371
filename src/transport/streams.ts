import { ConnectionLostError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { isBytes } from "../internal/kinds.ts";
import type { DuplexStream, TransportConnection } from "./transport.ts";

/** How much is read ahead of the reader, in bytes. */
const READ_AHEAD = 64 * 1024;

/** What a runtime's socket can do. */
export interface SocketPort {
  /** More is wanted: bytes that come go to {@linkcode SocketStreams.push}. */
  pull(): void | Promise<void>;
  /** Enough for now. Not needed where `pull` brings one chunk a call. */
  pause?(): void;
  /** Sends the bytes; settles once they may be overwritten. Called again only after that. */
  write(chunk: Uint8Array): Promise<void>;
  /** Tells the peer that nothing more is sent, behind what was written. */
  shutdown(): void | Promise<void>;
  /**
   * Lets the socket go at once; {@linkcode SocketStreams.released} is called then or later. May be
   * called for one that is gone.
   */
  destroy(reason: unknown): void;
}

/**
 * The two streams of a socket. Everything that ends the one ends the other too: a Faktory server
 * that has hung up is not half there. No promise is ever left to reject unheard.
 */
export class SocketStreams {
  readonly connection: TransportConnection;
  readonly #port: SocketPort;
  readonly #closed = deferred();
  /** Rejects the write under way: it must not wait for ever when the socket goes. */
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
      write: (chunk) => this.#untilGone(() => port.write(chunk)),
      close: () => this.#untilGone(() => port.shutdown()),
      abort: (reason) => this.#end(reason),
    });
    this.connection = {
      readable,
      writable,
      closed: this.#closed.promise,
      close: (reason) => this.#end(reason),
    };
  }

  /** Bytes have come. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded || chunk.byteLength === 0) return;
    this.#reading.enqueue(chunk);
    if ((this.#reading.desiredSize ?? 0) <= 0) this.#port.pause?.();
  }

  /** The peer has sent its last byte. */
  finish(): void {
    this.#end(undefined);
  }

  /** The connection broke. */
  fail(error: unknown): void {
    this.#end(error ?? streamEnded());
  }

  /** The socket is gone for good, ended before or not. */
  released(): void {
    this.#end(undefined);
    this.#closed.resolve();
  }

  #untilGone(send: () => void | Promise<void>): Promise<void> {
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

/** The same over streams that are there already; `release` lets go of what lies below them. */
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
            "Cannot read from a stream as it brings something else than bytes",
          );}
      } catch (error) {
        streams.fail(error);
      }
    },
    // A copy: streams hand chunks on as they are, and the caller's buffer is reused after this.
    write: (chunk) => writer.write(chunk.slice()),
    shutdown: () => writer.close(),
    destroy(reason) {
      reader.cancel(reason).catch(() => {});
      writer.abort(reason).catch(() => {});
      release(reason);
      streams.released();
    },
  });
  return streams;
}
