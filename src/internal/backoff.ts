/** Options of {@linkcode backoffMs}. */
export interface BackoffOptions {
  /** First delay, in milliseconds. */
  readonly initialMs: number;
  /** Longest delay, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Returns the delay before an attempt (0 is the first). It doubles up to `maxMs`, and its upper
 * half is random, so that clients that lost the same server do not reconnect at the same moment.
 */
export function backoffMs(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + random() * ceiling / 2;
}
