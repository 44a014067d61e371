import type { Clock } from "../../internal/clock.ts";

/**
 * Shortest interval between two INFOs, in milliseconds. INFO costs the server some time for each
 * queue.
 */
const MIN_INFO_INTERVAL_MS = 100;

/** Time after which an answer is no longer used, in milliseconds. */
const MAX_AGE_MS = 400;

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
const PROMPT_FETCHES = 16;

/** Counts the jobs that wait on the consumer's queues. */
export interface WaitingCount {
  /** Resolves to the number of waiting jobs; `undefined` if it is not known. */
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
  #isRequesting = false;
  #requestedAt = -Infinity;
  #answeredAt = -Infinity;
  #roundTripMs = 0;
  /** Number of waiting jobs at the last answer. */
  #waiting = 0;
  /** Decrease from the previous answer to the last one. Other workers take jobs too. */
  #decrease = 0;
  /** Number of jobs fetched here since the last INFO was sent. */
  #fetched = 0;
  /** Number of waiting jobs that no FETCH brings, because their queue is paused. */
  #unreachable = 0;
  /** Number of consecutive FETCHes that did not wait. */
  #promptFetches = 0;

  constructor(clock: Clock, queues: WaitingCount) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** Maximum number of FETCHes in flight, over all connections. */
  get maxInFlight(): number {
    // Counted twice, because the FETCHes in flight will bring about as many again.
    const left = this.#waiting - this.#unreachable - this.#decrease - 2 * this.#fetched;
    return Math.floor(Math.max(0, left) * SHARE);
  }

  /** Called when a job was fetched. `tookMs` is the time that the server took to answer. */
  fetched(tookMs: number): void {
    this.#fetched++;
    if (tookMs > WAITED_MS + this.#roundTripMs) return this.foundNothing();
    if (this.#unreachable > 0 && ++this.#promptFetches >= PROMPT_FETCHES) this.#unreachable = 0;
  }

  /**
   * Called when a FETCH has waited: there was no job that a FETCH can bring, regardless of the
   * server's present or next count.
   */
  foundNothing(): void {
    this.#unreachable = Infinity;
    this.#promptFetches = 0;
  }

  /**
   * Asks the server again if its last answer is outdated. `changed` is called when there is a new
   * answer.
   */
  refresh(now: number, changed: () => void): void {
    if (now - this.#answeredAt > MAX_AGE_MS) this.#waiting = this.#decrease = 0;
    const isOutdated = this.#fetched > this.#waiting / 4 || now - this.#answeredAt > MAX_AGE_MS / 2;
    if (this.#isRequesting || !isOutdated || now - this.#requestedAt < MIN_INFO_INTERVAL_MS) return;
    this.#isRequesting = true;
    this.#requestedAt = now;
    const fetchedBefore = this.#fetched;
    this.#queues.countWaiting().then((waiting) => {
      this.#isRequesting = false;
      if (waiting === undefined) return;
      this.#update(waiting, fetchedBefore);
      changed();
    }, () => {
      this.#isRequesting = false;
    });
  }

  #update(waiting: number, fetchedBefore: number): void {
    this.#decrease = Math.max(0, this.#waiting - waiting);
    this.#unreachable = Math.min(this.#unreachable, waiting);
    this.#waiting = waiting;
    this.#fetched -= fetchedBefore;
    this.#answeredAt = this.#clock.now();
    this.#roundTripMs = this.#answeredAt - this.#requestedAt;
  }
}
