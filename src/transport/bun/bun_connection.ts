import { TimeoutError } from "../../errors.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import { KEEP_ALIVE_MS } from "../socket_transport.ts";
import { SocketStreams } from "../streams.ts";

/** A socket of `Bun.connect`. */
export interface BunSocket {
  /** Returns the number of bytes accepted; negative if the socket is closed. */
  write(chunk: Uint8Array): number;
  shutdown(): void;
  end(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
  setKeepAlive?(keepAlive: boolean, initialDelayMs: number): void;
  /** Resets the connection. Bytes that the peer has not read are lost. */
  terminate?(): void;
}

/**
 * One socket of Bun. It exists before the socket does, because handlers may be called before
 * `Bun.connect` resolves.
 */
export class BunConnection {
  readonly streams = new SocketStreams({
    pull: () => this.#pause(false),
    pause: () => this.#pause(true),
    write: (chunk) => this.#write(chunk),
    shutdown: () => this.#socket?.shutdown(),
    // If the server did not reply, the bytes that it has not read yet must not reach it later, as
    // all of them are sent again elsewhere.
    destroy: (reason) => this.destroy(reason instanceof TimeoutError),
  });
  #socket: BunSocket | undefined;
  #isDestroyed = false;
  #isPaused = false;
  /** The part of the present chunk that the socket has not accepted yet. */
  #rest: Uint8Array | undefined;
  #written: Deferred<void> | undefined;

  attach(socket: BunSocket): void {
    this.#socket = socket;
    if (this.#isDestroyed) return socket.end();
    socket.setNoDelay(true);
    socket.setKeepAlive?.(true, KEEP_ALIVE_MS);
    if (this.#isPaused) socket.pause();
  }

  destroy(resets = false): void {
    this.#isDestroyed = true;
    const socket = this.#socket;
    if (resets && socket?.terminate !== undefined) socket.terminate();
    else socket?.end();
  }

  drain(): void {
    if (this.#rest === undefined || this.#isDestroyed) return;
    const accepted = this.#socket?.write(this.#rest) ?? -1;
    if (accepted < 0) return this.#settle(new Error("the connection was closed"));
    this.#rest = this.#rest.subarray(accepted);
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
