/**
 * What jobs carry on when they are enqueued again, by the outcome or the error that they end with.
 */
const carried = new WeakMap<object, Readonly<Record<string, unknown>>>();

/**
 * Has a job that ends with this, and is enqueued again, get these keys in its `custom`. Gives the
 * outcome or error.
 */
export function carrying<T extends object>(
  end: T,
  custom: Readonly<Record<string, unknown>>,
): T {
  carried.set(end, custom);
  return end;
}

/** The keys that a job gets which ends with this. */
export function carriedBy(end: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof end === "object" && end !== null ? carried.get(end) : undefined;
}
