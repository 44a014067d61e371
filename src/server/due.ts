import { GoError } from "./go/error.ts";
import type { Work } from "./slices.ts";

/** What is due in a set, and how much of it is taken at a time. */
interface Due {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly atOnce: number;
}

/**
 * Takes out of a set what is due, and counts what came to something. What did not is lost, and the
 * rest then waits for the next look, as on the reference server. Others are served between two
 * lots.
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
