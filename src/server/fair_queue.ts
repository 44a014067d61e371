import type { SliceTimer } from "./slices.ts";

/** Time for handshakes before other work gets its turn, in ms. */
const SLICE_MS = 2;

/**
 * If more handshakes than this wait from one network, the newest goes first. The oldest clients
 * have already timed out, and a client that connects during a flood need not wait until all of it
 * is processed.
 */
const FAIR_LENGTH = 16;

interface Handshake {
  /**
   * Does a part of the work, a few tenths of a millisecond if possible. Returns true after the last
   * part.
   */
  readonly step: () => boolean;
  isCancelled: boolean;
}

/**
 * Processes the handshakes of unauthenticated clients, a few milliseconds at a time.
 *
 * A HELLO costs thousands of rounds of hashing, the server has one thread, and anybody who can
 * reach the port can send one. So handshakes never delay other work for long, and networks take
 * turns: a flood from one network does not keep out clients of another.
 */
export class FairQueue {
  readonly #timer: SliceTimer;
  /** Waiting tasks by network. The first network is next. */
  readonly #tasks = new Map<string, Handshake[]>();
  #current: Handshake | undefined;
  #isRunning = false;

  constructor(timer: SliceTimer) {
    this.#timer = timer;
  }

  /**
   * Calls `step` until it returns true, when it is this address's turn. Returns a function that
   * cancels the task.
   */
  add(address: string, step: () => boolean): () => void {
    const task = { step, isCancelled: false };
    const network = networkOf(address);
    let tasks = this.#tasks.get(network);
    if (tasks === undefined) this.#tasks.set(network, tasks = []);
    tasks.push(task);
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#timer.later(() => this.#work());
    }
    return () => task.isCancelled = true;
  }

  #work(): void {
    const end = this.#timer.now() + SLICE_MS;
    while ((this.#current ??= this.#next()) !== undefined) {
      if (this.#timer.now() >= end) return this.#timer.later(() => this.#work());
      const { isCancelled, step } = this.#current;
      if (isCancelled || step()) this.#current = undefined;
    }
    this.#isRunning = false;
  }

  /** Takes the next task. Its network moves to the end of the queue. */
  #next(): Handshake | undefined {
    for (const [network, tasks] of this.#tasks) {
      const next = tasks.length > FAIR_LENGTH ? tasks.pop() : tasks.shift();
      this.#tasks.delete(network);
      if (tasks.length > 0) this.#tasks.set(network, tasks);
      return next;
    }
    return undefined;
  }
}

/**
 * Returns the key by which addresses share turns: the address for IPv4, the /64 network for IPv6,
 * where each client has many addresses.
 */
function networkOf(address: string): string {
  return address.includes(".") ? address : address.split(":").slice(0, 4).join(":");
}
