import { dateText } from "./date_text.ts";
import { durationMs, type DurationText } from "./duration.ts";
import { invalidProperty } from "./invalid.ts";

/**
 * A time during which the server refuses other jobs with the same type, arguments and queue
 * (Enterprise).
 */
export interface Uniqueness {
  /** Longest time that the lock lasts: seconds, or a text such as `"10m"`. */
  readonly for: number | DurationText;
  /**
   * Event that releases the lock earlier: the job succeeds, or a worker starts it.
   *
   * @default "success"
   */
  readonly until?: "success" | "start" | undefined;
}

/**
 * Options that are replaced before sending: `delay` by `at`, `unique` and `expires` by keys of
 * `custom`.
 */
export interface Shorthands {
  readonly at?: Date | undefined;
  readonly delay?: number | DurationText | undefined;
  readonly custom?: Record<string, unknown> | undefined;
  readonly unique?: Uniqueness | undefined;
  readonly expires?: Date | DurationText | undefined;
}

/**
 * Replaces the options. A delay starts now.
 *
 * @throws {InvalidJobError} `INVALID_DELAY`, `INVALID_UNIQUE`, `INVALID_EXPIRES`.
 */
export function expandShorthands(
  { at, delay, custom, unique, expires }: Shorthands,
): Pick<Shorthands, "at" | "custom"> {
  const keys: Record<string, unknown> = {};
  if (unique !== undefined) {
    const { for: length, until = "success", ...more } = Object(unique);
    const seconds = typeof length === "number" ? length : durationMs(length) / 1000;
    const isKnown = until === "success" || until === "start";
    if (!(Number.isInteger(seconds) && seconds > 0 && isKnown) || Object.keys(more).length > 0) {
      const shape = 'of for (seconds or a text like "10m") and until ("success", "start")';
      throw invalidProperty("unique", shape, unique);
    }
    keys["unique_for"] = seconds;
    keys["unique_until"] = until;
  }
  if (typeof expires === "object") {
    keys["expires_at"] = dateText(expires, "expires");
  } else if (expires !== undefined) {
    const seconds = keys["expires_in"] = Math.ceil(durationMs(expires) / 1000);
    if (!(seconds > 0)) {
      throw invalidProperty("expires", 'a Date or a text like "10m"', expires);
    }
  }
  if (delay !== undefined) {
    const ms = delayMs(delay);
    if (!(ms >= 0) || at !== undefined) {
      const what = 'milliseconds or a text like "5m", without at';
      throw invalidProperty("delay", what, delay);
    }
    at = new Date(Date.now() + ms);
  }
  // If `custom` is not an object, encoding reports that.
  if (custom === undefined || Object(custom) === custom) custom = { ...custom, ...keys };
  return { at, custom };
}

/** Returns true if there is an option to replace. */
export function hasShorthands({ delay, unique, expires }: Shorthands): boolean {
  return delay !== undefined || unique !== undefined || expires !== undefined;
}

/** Returns the milliseconds of a `delay`; `NaN` if it is invalid. */
export function delayMs(delay: unknown): number {
  return typeof delay === "number" ? delay : durationMs(delay);
}
