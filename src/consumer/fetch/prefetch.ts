import type { Clock } from "../../internal/clock.ts";

/**
 * The server is asked no more often than this, in milliseconds. While nothing waits it is asked half as often each time, down
 * to the second figure: jobs that come one by one are no faster for a question with each.
 */
const ASK_EVERY_MS = 20;
const ASK_SELDOM_MS = 320;

/** How long an answer is relied on, in milliseconds. */
const TRUST_MS = 400;

/** Of the jobs that will likely still be there, the part that may be fetched in advance. */
const SHARE = 1 / 10;

/** Tells how many jobs wait on the consumer's queues, or `undefined` if that is not known. */
export interface WaitingCount {
  countWaiting(): Promise<number | undefined>;
}

/**
 * Decides how many FETCHes may be in flight at once. A FETCH for which there is no job waits for two seconds, together with all
 * that are behind it on its connection, and a stop would wait for all of them. So more than one FETCH a connection needs a
 * backlog that lasts: by what the server said, what was fetched since, and how many other workers take from it.
 */
export class Prefetch {
  readonly #clock: Clock;
  readonly #queues: WaitingCount;
  #isAsking = false;
  #askEveryMs = ASK_EVERY_MS;
  #askedAt = -Infinity;
  #answeredAt = -Infinity;
  /** Jobs that waited at the last answer. */
  #waiting = 0;
  /** Jobs that were fetched here since the server was asked. */
  #fetched = 0;
  /** By how much the backlog shrinks for each job that is fetched here. */
  #shrinkage = 1;

  constructor(clock: Clock, queues: WaitingCount) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** FETCHes that may be in flight in all. */
  get maxInFlight(): number {
    // Twice: what was fetched is known, what is in flight or goes to others is not.
    return Math.floor(Math.max(0, this.#waiting - 2 * this.#shrinkage * this.#fetched) * SHARE);
  }

  /** A job was fetched. */
  fetched(): void {
    this.#fetched++;
  }

  /** Asks the server again if its last answer is worn out. `changed` is called when there is a new answer. */
  refresh(changed: () => void): void {
    const now = this.#clock.now();
    if (now - this.#answeredAt > TRUST_MS) this.#waiting = 0;
    const isWorn = this.#shrinkage * this.#fetched > this.#waiting / 4 ||
      now - this.#answeredAt > TRUST_MS / 2;
    if (this.#isAsking || !isWorn || now - this.#askedAt < this.#askEveryMs) return;
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
    this.#askEveryMs = waiting > 0 ? ASK_EVERY_MS : Math.min(2 * this.#askEveryMs, ASK_SELDOM_MS);
    const shrunk = this.#waiting - waiting;
    this.#shrinkage = this.#waiting > 0 && fetchedBefore > 0
      ? Math.max(1, shrunk / fetchedBefore)
      : 1;
    this.#waiting = waiting;
    this.#fetched -= fetchedBefore;
    this.#answeredAt = this.#clock.now();
  }
}
