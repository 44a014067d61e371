/** How long to wait before the next try. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  readonly initialMs: number;
  /** The longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * The wait before try `attempt` (0 is the first): doubled each time up to `maxMs`, then spread over
 * its upper half, so that clients that lost the same server do not come back in the same instant.
 */
export function backoffMs(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + random() * ceiling / 2;
}
