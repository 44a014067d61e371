import type { SliceTimer } from "./slices.ts";

/** How long strangers' work goes on before others get their turn, in milliseconds. */
const SLICE_MS = 2;

/**
 * Where more than this waits of one network, what came last is first: a client that came long ago
 * has given up, and one that came in the middle of a flood need not wait until the flood is dealt
 * with.
 */
const FAIR_LENGTH = 16;

interface Task {
  /**
   * Does a part of the work, some tenths of a millisecond where that can be; true once it was the
   * last.
   */
  readonly step: () => boolean;
  isCancelled: boolean;
}

/**
 * Does what strangers ask for, a few milliseconds at a time.
 *
 * Thousands of rounds of hashing are what a HELLO may cost a server that has one thread, and
 * whoever can reach its port can ask for them. So they never keep others waiting for long, and each
 * network has its turn: a flood from one does not keep the clients of another out.
 */
export class Turns {
  readonly #timer: SliceTimer;
  /** What waits, by network, that whose turn it is first. */
  readonly #tasks = new Map<string, Task[]>();
  #current: Task | undefined;
  #isRunning = false;

  constructor(timer: SliceTimer) {
    this.#timer = timer;
  }

  /**
   * Calls `step` until it gives true, when it is the turn of the client at this address; the
   * function returned calls it off.
   */
  take(address: string, step: () => boolean): () => void {
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

  /**
   * The next of the network whose turn it is; what else waits of that network is behind all others
   * then.
   */
  #next(): Task | undefined {
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
 * Who shares an address's turn: of IPv6, where everybody has many addresses, all of one network.
 */
function networkOf(address: string): string {
  return address.includes(".") ? address : address.split(":").slice(0, 4).join(":");
}
