import { type Deferred, deferred } from "../internal/deferred.ts";
import { Fifo } from "../internal/fifo.ts";
import { bytesOf } from "../server/go/text.ts";
import type { Peer, PeerHandler } from "../server/peer.ts";
import { SocketStreams } from "../transport/streams.ts";
import type { TransportConnection } from "../transport/transport.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/**
 * Limit of the data kept for a client that does not read, in bytes. Above it, the server has to
 * wait.
 */
const HIGH_WATER = 64 * 1024;

/** A connection in memory: the server's end, and the client's streams. */
export class MemoryPeer implements Peer {
  readonly #streams: SocketStreams;
  readonly #handler: PeerHandler;
  /** Sent by the server, but not yet read by the client. */
  readonly #unread = new Fifo<Uint8Array>();
  #unreadBytes = 0;
  /** True while the client reads. */
  #isReading = false;
  /** True if `send` has asked the server to wait for `drained`. */
  #isFull = false;
  #isClosed = false;
  /** Set while the server does not read. */
  #paused: Deferred<void> | undefined;

  /** `accept` receives the server's end and returns the handler of the client's data. */
  constructor(accept: (peer: Peer) => PeerHandler) {
    this.#streams = new SocketStreams({
      pull: () => {
        this.#isReading = true;
        this.#deliver();
      },
      pause: () => {
        this.#isReading = false;
      },
      write: (chunk) => this.#receive(chunk),
      // A client that half-closes its connection counts as gone, as on the embedded server's
      // sockets.
      shutdown: () => this.end(),
      destroy: () => this.#close(),
    });
    this.#handler = accept(this);
  }

  /** The client's end. */
  get connection(): TransportConnection {
    return this.#streams.connection;
  }

  send(data: string | Uint8Array): boolean {
    if (this.#isClosed) return true;
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    this.#deliver();
    if (this.#unreadBytes > HIGH_WATER) this.#isFull = true;
    return !this.#isFull;
  }

  end(): void {
    // The data that was sent belongs to the client, whether it reads now or later.
    for (const bytes of this.#unread.drain()) this.#streams.push(bytes);
    this.#streams.finish();
  }

  destroy(): void {
    this.#streams.finish();
  }

  pause(): void {
    this.#paused ??= deferred();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  async #receive(chunk: Uint8Array): Promise<void> {
    while (this.#paused !== undefined && !this.#isClosed) await this.#paused.promise;
    // Copies the bytes: the server keeps the start of a line, and the client reuses its buffer.
    if (!this.#isClosed) this.#handler.received(chunk.slice());
  }

  #deliver(): void {
    while (this.#isReading && !this.#isClosed) {
      const bytes = this.#unread.shift();
      if (bytes === undefined) break;
      this.#unreadBytes -= bytes.length;
      this.#streams.push(bytes);
    }
    if (!this.#isFull || this.#unreadBytes > 0 || this.#isClosed) return;
    this.#isFull = false;
    this.#handler.drained();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unread.drain();
    this.resume();
    // Deferred, since the server may be handling this connection.
    atEndOfTurn(() => this.#handler.closed());
    this.#streams.socketClosed();
  }
}
