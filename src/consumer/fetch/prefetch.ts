import type { Clock } from "../../internal/clock.ts";

/**
 * Shortest interval between two INFOs, in milliseconds. INFO costs the server some time for each
 * queue.
 */
const ASK_EVERY_MS = 100;

/** Time after which an answer is no longer used, in milliseconds. */
const TRUST_MS = 400;

/** Share of the remaining jobs that may be fetched in advance. */
const SHARE = 1 / 10;

/**
 * A FETCH that takes longer than this, in addition to the round trip, has waited for its job, in
 * ms.
 */
export const WAITED_MS = 100;

/**
 * After this many consecutive FETCHes that did not wait, every queue with jobs is assumed to be
 * fetchable.
 */
const PROMPT = 16;

/**
 * Returns the number of jobs that wait on the consumer's queues; `undefined` if it is not known.
 */
export interface WaitingCount {
  countWaiting(): Promise<number | undefined>;
}

/**
 * Decides how many FETCHes may be in flight. A FETCH without a job waits for two seconds, together
 * with all FETCHes behind it on its connection, and a stop would wait for all of them. More than
 * one FETCH per connection therefore needs a backlog that lasts, judged by the server's last answer
 * and by how fast the backlog shrinks.
 */
export class Prefetch {
  readonly #clock: Clock;
  readonly #queues: WaitingCount;
  #isAsking = false;
  #askedAt = -Infinity;
  #answeredAt = -Infinity;
  #roundTripMs = 0;
  /** Number of waiting jobs at the last answer. */
  #waiting = 0;
  /** Decrease from the previous answer to the last one. Other workers take jobs too. */
  #fall = 0;
  /** Number of jobs fetched here since the last INFO was sent. */
  #fetched = 0;
  /** Number of waiting jobs that no FETCH brings, because their queue is paused. */
  #outOfReach = 0;
  /** Number of consecutive FETCHes that did not wait. */
  #prompt = 0;

  constructor(clock: Clock, queues: WaitingCount) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** Maximum number of FETCHes in flight, over all connections. */
  get maxInFlight(): number {
    // Counted twice, because the FETCHes in flight will bring about as many again.
    const left = this.#waiting - this.#outOfReach - this.#fall - 2 * this.#fetched;
    return Math.floor(Math.max(0, left) * SHARE);
  }

  /** Called when a job was fetched. `tookMs` is the time that the server took to answer. */
  fetched(tookMs: number): void {
    this.#fetched++;
    if (tookMs > WAITED_MS + this.#roundTripMs) return this.foundNothing();
    if (this.#outOfReach > 0 && ++this.#prompt >= PROMPT) this.#outOfReach = 0;
  }

  /**
   * Called when a FETCH has waited: there was no job that a FETCH can bring, regardless of the
   * server's present or next count.
   */
  foundNothing(): void {
    this.#outOfReach = Infinity;
    this.#prompt = 0;
  }

  /**
   * Asks the server again if its last answer is outdated. `changed` is called when there is a new
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
