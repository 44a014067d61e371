import type { Clock } from "../../internal/clock.ts";

/**
 * The server is asked no more often than this, in milliseconds: INFO costs it a moment for each
 * queue.
 */
const ASK_EVERY_MS = 100;

/** How long an answer is relied on, in milliseconds. */
const TRUST_MS = 400;

/** Of the jobs that will likely still be there, the part that may be fetched in advance. */
const SHARE = 1 / 10;

/** A FETCH that takes longer than this and a round trip has waited for its job, in milliseconds. */
export const WAITED_MS = 100;

/**
 * So many FETCHes in a row that did not wait show that every queue with jobs can be fetched from.
 */
const PROMPT = 16;

/** Tells how many jobs wait on the consumer's queues, or `undefined` if that is not known. */
export interface WaitingCount {
  countWaiting(): Promise<number | undefined>;
}

/**
 * Decides how many FETCHes may be in flight at once. A FETCH for which there is no job waits for
 * two seconds, together with all that are behind it on its connection, and a stop would wait for
 * all of them. So more than one FETCH a connection needs a backlog that lasts: by what the server
 * said, and how fast that became less.
 */
export class Prefetch {
  readonly #clock: Clock;
  readonly #queues: WaitingCount;
  #isAsking = false;
  #askedAt = -Infinity;
  #answeredAt = -Infinity;
  #roundTripMs = 0;
  /** Jobs that waited at the last answer. */
  #waiting = 0;
  /** By how many they were fewer than at the answer before. Other workers take from them, too. */
  #fall = 0;
  /** Jobs that were fetched here since the server was asked. */
  #fetched = 0;
  /** Jobs that wait, but that no FETCH brings: their queue is paused. */
  #outOfReach = 0;
  /** FETCHes in a row that did not wait. */
  #prompt = 0;

  constructor(clock: Clock, queues: WaitingCount) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** FETCHes that may be in flight in all. */
  get maxInFlight(): number {
    // Twice: what was fetched is known, what is in flight is not.
    const left = this.#waiting - this.#outOfReach - this.#fall - 2 * this.#fetched;
    return Math.floor(Math.max(0, left) * SHARE);
  }

  /** A job was fetched; the server took so many milliseconds to answer. */
  fetched(tookMs: number): void {
    this.#fetched++;
    if (tookMs > WAITED_MS + this.#roundTripMs) return this.foundNothing();
    if (this.#outOfReach > 0 && ++this.#prompt >= PROMPT) this.#outOfReach = 0;
  }

  /**
   * A FETCH has waited, so nothing was there that a FETCH brings, whatever the server counts, or
   * will count next.
   */
  foundNothing(): void {
    this.#outOfReach = Infinity;
    this.#prompt = 0;
  }

  /**
   * Asks the server again if its last answer is worn out. `changed` is called when there is a new
   * answer.
   */
  refresh(now: number, changed: () => void): void {
    if (now - this.#answeredAt > TRUST_MS) this.#waiting = this.#fall = 0;
    const isWorn = this.#fetched > this.#waiting / 4 || now - this.#answeredAt > TRUST_MS / 2;
    if (this.#isAsking || !isWorn || now - this.#askedAt < ASK_EVERY_MS) return;
    this.#isAsking = true;
    this.#askedAt = now;
    const fetchedBefore = this.#fetched;
    this.#queues.countWaiting().then((waiting) => {
      this.#isAsking = false;
      if (waiting === undefined) return;
      this.#learn(waiting, fetchedBefore);
      changed();
    }, () => {
      this.#isAsking = false;
    });
  }

  #learn(waiting: number, fetchedBefore: number): void {
    this.#fall = Math.max(0, this.#waiting - waiting);
    this.#outOfReach = Math.min(this.#outOfReach, waiting);
    this.#waiting = waiting;
    this.#fetched -= fetchedBefore;
    this.#answeredAt = this.#clock.now();
    this.#roundTripMs = this.#answeredAt - this.#askedAt;
  }
}
