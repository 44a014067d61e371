import type { Clock } from "../internal/clock.ts";

/**
 * The server is asked no more often than this, in milliseconds; where nothing waits, half as often each time, down to the other:
 * jobs that come one by one are none the faster for a question with each.
 */
const ASK_EVERY_MS = 20;
const ASK_SELDOM_MS = 320;

/** How long an answer is relied on, in milliseconds. */
const TRUST_MS = 400;

/** Of the jobs that will likely still be there, the part that may be asked for in advance. */
const SHARE = 1 / 10;

/**
 * Judges how many FETCHes may be under way at once. One more than there are jobs would wait for two seconds, with all that
 * are behind it on its lane, and a stop would wait for them all; so more than one a lane takes a backlog that will not be
 * gone in a moment, by what the server said, what was fetched since, and how many others take from it.
 */
export class Backlog {
  readonly #clock: Clock;
  readonly #ask: () => Promise<number | undefined>;
  #isAsking = false;
  #askEveryMs = ASK_EVERY_MS;
  #askedAt = -Infinity;
  #answeredAt = -Infinity;
  /** Jobs that waited at the last answer. */
  #waiting = 0;
  /** Jobs that were fetched here since it was asked for. */
  #fetched = 0;
  /** By how much the backlog shrinks for each job that is fetched here. */
  #shrinkage = 1;

  /** `ask` gives the number of jobs that wait on the consumer's queues, or `undefined` where it is not known. */
  constructor(clock: Clock, ask: () => Promise<number | undefined>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** FETCHes that may be under way in all. */
  get allowance(): number {
    // Twice: what was fetched is known, what is on its way or goes to others is not.
    return Math.floor(Math.max(0, this.#waiting - 2 * this.#shrinkage * this.#fetched) * SHARE);
  }

  /** A job was fetched. */
  fetched(): void {
    this.#fetched++;
  }

  /** More FETCHes would pay: has the server asked, where its last answer has lost its worth. */
  refresh(changed: () => void): void {
    const now = this.#clock.now();
    if (now - this.#answeredAt > TRUST_MS) this.#waiting = 0;
    const isWorn = this.#shrinkage * this.#fetched > this.#waiting / 4 ||
      now - this.#answeredAt > TRUST_MS / 2;
    if (this.#isAsking || !isWorn || now - this.#askedAt < this.#askEveryMs) return;
    this.#isAsking = true;
    this.#askedAt = now;
    const fetchedBefore = this.#fetched;
    this.#ask().then((waiting) => {
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
