/** In seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/** The longest reservation that a job may request, in seconds. */
export const MAX_RESERVATION = 86_400;

/** Returns how long a job is reserved for its worker, in ms. */
export function reservedMs({ reserve_for }: { readonly reserve_for: number }): number {
  return reserve_for === 0
    ? DEFAULT_RESERVATION * 1000
    : Math.min(Math.max(reserve_for, MIN_RESERVATION), MAX_RESERVATION) * 1000;
}
