/** RFC 3339 as Go writes it: any number of digits after the second, `Z` or an offset. */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * The time of a server's text, cut to milliseconds; `undefined` where it is no RFC 3339.
 *
 * `Date.parse` is not asked: what it makes of nanoseconds is left to each engine.
 */
export function parseTimestamp(text: unknown): Date | undefined {
  if (typeof text !== "string") return undefined;
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] =
    match;
  const date = new Date(0);
  // Not Date.UTC: that takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A 31st of February would have moved on to March.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) {
    return undefined;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  date.setUTCHours(Number(hour), Number(minute), Number(second), ms);
  if (sign === undefined) return date;
  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  return new Date(date.getTime() - (sign === "+" ? 1 : -1) * offsetMinutes * 60_000);
}
