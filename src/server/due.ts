import { GoError } from "./go/error.ts";
import type { Work } from "./slices.ts";

/** The time up to which members are due, and the maximum number to take at once. */
interface Due {
  /** In ms since 1970. */
  readonly now: number;
  readonly atOnce: number;
}

/**
 * Takes the due members out of a set and passes each to `use`. Returns how many succeeded. As on
 * the reference server, a member for which `use` throws a `GoError` is lost, and the round then
 * ends early. Yields between two portions.
 */
export function* takeDue<T>(
  set: { takeUntil(at: number, max: number): T[] },
  { now, atOnce }: Due,
  use: (value: T) => void,
): Work<number> {
  let total = 0;
  for (;;) {
    let count = 0;
    for (const value of set.takeUntil(now, atOnce)) {
      try {
        use(value);
        count++;
      } catch (error) {
        if (!(error instanceof GoError)) throw error;
      }
    }
    total += count;
    if (count < atOnce) return total;
    yield;
  }
}
