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
  readonly #kept = new Fifo<Uint8Array>();
  #keptBytes = 0;
  /** True while the client reads. */
  #isWanted = false;
  /** True if `send` has asked the server to wait for `drained`. */
  #isFull = false;
  #isGone = false;
  /** Set while the server does not read. */
  #paused: Deferred<void> | undefined;

  /** `accept` receives the server's end and returns the handler of the client's data. */
  constructor(accept: (peer: Peer) => PeerHandler) {
    this.#streams = new SocketStreams({
      pull: () => {
        this.#isWanted = true;
        this.#deliver();
      },
      pause: () => {
        this.#isWanted = false;
      },
      write: (chunk) => this.#receive(chunk),
      // A client that half-closes its connection counts as gone, as on the embedded server's
      // sockets.
      shutdown: () => this.end(),
      destroy: () => this.#go(),
    });
    this.#handler = accept(this);
  }

  /** The client's end. */
  get connection(): TransportConnection {
    return this.#streams.connection;
  }

  send(data: string | Uint8Array): boolean {
    if (this.#isGone) return true;
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    this.#deliver();
    if (this.#keptBytes > HIGH_WATER) this.#isFull = true;
    return !this.#isFull;
  }

  end(): void {
    // The data that was sent belongs to the client, whether it reads now or later.
    for (const bytes of this.#kept.drain()) this.#streams.push(bytes);
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
    while (this.#paused !== undefined && !this.#isGone) await this.#paused.promise;
    // Copies the bytes: the server keeps the start of a line, and the client reuses its buffer.
    if (!this.#isGone) this.#handler.received(chunk.slice());
  }

  #deliver(): void {
    while (this.#isWanted && !this.#isGone) {
      const bytes = this.#kept.shift();
      if (bytes === undefined) break;
      this.#keptBytes -= bytes.length;
      this.#streams.push(bytes);
    }
    if (!this.#isFull || this.#keptBytes > 0 || this.#isGone) return;
    this.#isFull = false;
    this.#handler.drained();
  }

  #go(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#kept.drain();
    this.resume();
    // Deferred, since the server may be handling this connection.
    atEndOfTurn(() => this.#handler.closed());
    this.#streams.released();
  }
}
