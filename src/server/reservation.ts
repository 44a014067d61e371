/** All in seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/** The longest that a job may ask for. */
export const MAX_RESERVATION = 86_400;

/** How long a worker may have the job, in milliseconds. */
export function reservedMs({ reserve_for }: { readonly reserve_for: number }): number {
  return reserve_for === 0
    ? DEFAULT_RESERVATION * 1000
    : Math.min(Math.max(reserve_for, MIN_RESERVATION), MAX_RESERVATION) * 1000;
}
