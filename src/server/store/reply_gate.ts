import type { Peer, PeerHandler } from "../peer.ts";
import type { SaveListener, Store } from "./store.ts";

/** Limit of held replies, in UTF-16 units. Above it, the connection stops reading. */
const HIGH_WATER = 1024 * 1024;

interface HeldReply {
  readonly group: number;
  data: string | Uint8Array;
}

/** Holds back the replies to a client until the changes that they confirm are saved. */
export class ReplyGate implements Peer, SaveListener {
  readonly #peer: Peer;
  readonly #store: Store;
  readonly #held: HeldReply[] = [];
  #length = 0;
  /** True while the connection waits for `drained`. */
  #isFull = false;
  /** True if the connection ends after the last held reply. */
  #isEnding = false;
  #handler: PeerHandler | undefined;

  constructor(peer: Peer, store: Store) {
    this.#peer = peer;
    this.#store = store;
  }

  get address(): string | undefined {
    return this.#peer.address;
  }

  /** Sets the handler that is called when the connection may continue. */
  attach(handler: PeerHandler): void {
    this.#handler = handler;
  }

  send(data: string | Uint8Array): boolean {
    const group = this.#store.unsaved;
    const last = this.#held.at(-1);
    if (last === undefined && group === 0) return this.#peer.send(data);
    const isSameGroup = last !== undefined && (group === 0 || last.group === group);
    if (isSameGroup && typeof last.data === "string" && typeof data === "string") {
      last.data += data;
    } else {
      this.#held.push({ group: isSameGroup ? last.group : group, data });
      if (last === undefined) this.#store.addListener(this);
    }
    this.#length += data.length;
    if (this.#length > HIGH_WATER) this.#isFull = true;
    return !this.#isFull;
  }

  end(): void {
    if (this.#held.length === 0) this.#peer.end();
    else this.#isEnding = true;
  }

  destroy(): void {
    this.#drop();
    this.#peer.destroy();
  }

  pause(): void {
    this.#peer.pause();
  }

  resume(): void {
    this.#peer.resume();
  }

  saved(group: number): void {
    let isReading = true;
    while (this.#held.length > 0 && this.#held[0]!.group <= group) {
      const { data } = this.#held.shift()!;
      this.#length -= data.length;
      isReading = this.#peer.send(data);
    }
    if (this.#held.length === 0) {
      this.#store.removeListener(this);
      if (this.#isEnding) this.#peer.end();
    }
    if (!this.#isFull || this.#length > HIGH_WATER) return;
    this.#isFull = false;
    // A client that does not read calls `drained` itself later.
    if (isReading) this.#handler?.drained();
  }

  /** Replaces the first held reply by the error, and drops the others. */
  failed(reason: string): void {
    this.#drop();
    this.#peer.send(`-ERR ${reason.replace(/\s+/g, " ")}\r\n`);
    this.#peer.end();
  }

  #drop(): void {
    this.#held.length = 0;
    this.#length = 0;
    this.#store.removeListener(this);
  }
}
