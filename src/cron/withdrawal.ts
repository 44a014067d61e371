import { prefixOf, timeText } from "./firing_job.ts";

/** Digits of the times in jids, in order. */
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * Returns globs for the scheduled jobs of a schedule's firings at `from` or later. MUTATE has no
 * comparison, so there is one glob for each digit of the time, with the same digits before it and a
 * larger digit at its place.
 */
export function firingsFrom(schedule: string, from: number): string[] {
  // At `from` or later means after the second before.
  const time = timeText(Math.ceil(from / 1000) * 1000 - 1000);
  return [...time].flatMap((digit, index) => {
    const next = DIGITS[DIGITS.indexOf(digit) + 1];
    if (next === undefined) return [];
    const larger = next <= "9" ? `[${next}-9a-z]` : `[${next}-z]`;
    return [`*"jid":"${prefixOf(schedule)}${time.slice(0, index)}${larger}*`];
  });
}
