import { ConnectionLostError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import type { TransportConnection } from "./transport.ts";

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
  /** Lets the socket go at once; {@linkcode SocketStreams.released} is called then or later. May be called for one that is gone. */
  destroy(): void;
}

/**
 * The two streams of a socket. Everything that ends the one ends the other too: a Faktory server that has hung up is not
 * half there. No promise is ever left to reject unheard.
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
      cancel: (reason) => this.#end(reason ?? lost()),
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
    this.#end(error ?? lost());
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
    const error = reason ?? lost();
    if (reason === undefined) this.#reading.close();
    else this.#reading.error(reason);
    this.#writing.error(error);
    this.#failWrite?.(error);
    this.#port.destroy();
  }
}

function lost(): ConnectionLostError {
  return new ConnectionLostError("CONNECTION_LOST", "Cannot write as the connection has ended", {
    outcome: "unknown",
  });
}
