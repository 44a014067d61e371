import { prefixOf, timeText } from "./firing_job.ts";

/** Digits of the times in jids, in their order. */
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * Globs of the scheduled jobs of a schedule's firings at `from` or later. MUTATE knows no "later
 * than", so there is one glob for each digit of the time: those before it are the same, and this
 * one is larger.
 */
export function firingsFrom(schedule: string, from: number): string[] {
  // From then on is after the second before.
  const time = timeText(Math.ceil(from / 1000) * 1000 - 1000);
  return [...time].flatMap((digit, index) => {
    const next = DIGITS[DIGITS.indexOf(digit) + 1];
    if (next === undefined) return [];
    const larger = next <= "9" ? `[${next}-9a-z]` : `[${next}-z]`;
    return [`*"jid":"${prefixOf(schedule)}${time.slice(0, index)}${larger}*`];
  });
}
