import type { Clock } from "../internal/clock.ts";
import type { HistoryPoint, ServerHistory } from "../inspect/types.ts";
import type { Store } from "./store/store.ts";

/** Counts since the server started. */
export interface Totals {
  readonly enqueued: number;
  readonly processed: number;
  readonly failed: number;
}

/** Counts of one interval: enqueued, processed, failed. */
type Counts = [number, number, number];

/** The store's table for this data. */
const TABLE = "history";

/** Length and number of the points of each series: an hour and a week. */
const SERIES = {
  hour: { stepMs: 10_000, points: 360 },
  week: { stepMs: 600_000, points: 1008 },
} as const;

/**
 * Counts of jobs enqueued, run and failed in the last hour and week. Saved with the server's data.
 */
export class History {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #totals: () => Totals;
  readonly #series = { hour: new Map<number, Counts>(), week: new Map<number, Counts>() };
  #last: Totals;

  constructor(clock: Clock, store: Store, totals: () => Totals) {
    this.#clock = clock;
    this.#store = store;
    this.#totals = totals;
    this.#last = totals();
    for (const [key, json] of store.all(TABLE)) {
      const name = key.startsWith("hour/") ? "hour" : "week";
      const [slot, ...counts] = JSON.parse(json);
      this.#series[name].set(slot, counts);
    }
  }

  /** Adds the counts since the last call. */
  sample(): void {
    const { enqueued, processed, failed } = this.#totals();
    const last = this.#last;
    this.#last = { enqueued, processed, failed };
    // After a FLUSH, the totals start again from 0.
    const increase = (now: number, before: number) => now < before ? now : now - before;
    const more: Counts = [
      increase(enqueued, last.enqueued),
      increase(processed, last.processed),
      increase(failed, last.failed),
    ];
    if (more.every((count) => count === 0)) return;
    this.#add("hour", more);
    this.#add("week", more);
  }

  /** Returns all points up to now, the oldest first. Intervals without jobs have 0. */
  read(): ServerHistory {
    this.sample();
    return { hour: this.#points("hour"), week: this.#points("week") };
  }

  #add(name: keyof typeof SERIES, more: Counts): void {
    const { stepMs, points } = SERIES[name];
    const series = this.#series[name];
    const slot = Math.floor(this.#clock.now() / stepMs);
    const counts = (series.get(slot) ?? [0, 0, 0]).map((count, i) => count + more[i]!) as Counts;
    series.set(slot, counts);
    for (const old of series.keys()) if (old <= slot - points) series.delete(old);
    if (!this.#store.isDurable) return;
    this.#store.set(TABLE, `${name}/${slot % points}`, JSON.stringify([slot, ...counts]));
  }

  #points(name: keyof typeof SERIES): HistoryPoint[] {
    const { stepMs, points } = SERIES[name];
    const last = Math.floor(this.#clock.now() / stepMs);
    return Array.from({ length: points }, (_, i) => {
      const slot = last - points + 1 + i;
      const [enqueued, processed, failed] = this.#series[name].get(slot) ?? [0, 0, 0];
      return { at: new Date(slot * stepMs), enqueued, processed, failed };
    });
  }
}
