import type { Clock } from "../internal/clock.ts";

/** Something that has to be told when its time is over. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  expire(): void;
}

/** The finest that deadlines are told apart, in milliseconds. */
const BUCKET_MS = 1000;

/**
 * The deadlines of all jobs that run, with one timer for the lot: a timer a job would cost more than all else that is
 * done for one. It is told within a second before its deadline, never after.
 */
export class Reservations {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Set<Expiring>>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Expiring): void {
    const key = bucketOf(item);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, new Set([item]));
    else bucket.add(item);
    this.#cancelTimer ??= this.#clock.after(BUCKET_MS, () => this.#tick());
  }

  remove(item: Expiring): void {
    const key = bucketOf(item);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    bucket.delete(item);
    if (bucket.size === 0) this.#buckets.delete(key);
  }

  /** Ends the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#buckets.clear();
  }

  #tick(): void {
    this.#cancelTimer = undefined;
    // The next tick may come late, so what falls due before it is due now.
    const due = Math.floor(this.#clock.now() / BUCKET_MS) + 1;
    for (const [key, bucket] of this.#buckets) {
      if (key > due) continue;
      this.#buckets.delete(key);
      for (const item of bucket) item.expire();
    }
    if (this.#buckets.size > 0) {
      this.#cancelTimer ??= this.#clock.after(BUCKET_MS, () => this.#tick());
    }
  }
}

function bucketOf({ deadline }: Expiring): number {
  return Math.floor(deadline / BUCKET_MS);
}
