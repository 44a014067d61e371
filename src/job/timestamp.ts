/** RFC 3339 as Go writes it: any number of digits after the seconds, `Z` or an offset. */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Parses a time that the server sent, cut to milliseconds; `undefined` if it is not RFC 3339.
 *
 * `Date.parse` is not used, because engines treat nanoseconds differently.
 */
export function parseTimestamp(text: unknown): Date | undefined {
  if (typeof text !== "string") return undefined;
  return sameMinute(text) ?? parseWhole(text);
}

/** The last text up to its seconds, and the time at which that minute began. */
let lastMinute = "";
let lastMinuteMs = 0;

/**
 * Parses a time in the same minute as the last one. Jobs arrive in the order in which they were
 * created, so this is the common case, and takes a tenth of the work.
 */
function sameMinute(text: string): Date | undefined {
  const end = text.length - 1;
  if (lastMinute === "" || !text.startsWith(lastMinute) || text.charCodeAt(end) !== Z) {
    return undefined;
  }
  const tens = text.charCodeAt(17) - ZERO;
  const ones = text.charCodeAt(18) - ZERO;
  if (!(tens >= 0 && tens < 6 && ones >= 0 && ones <= 9)) return undefined;
  const ms = lastMinuteMs + (tens * 10 + ones) * 1000;
  if (end === 19) return new Date(ms);
  if (text.charCodeAt(19) !== DOT || end === 20) return undefined;
  let fraction = 0;
  for (let i = 20; i < end; i++) {
    const value = text.charCodeAt(i) - ZERO;
    if (!(value >= 0 && value <= 9)) return undefined;
    if (i < 23) fraction = fraction * 10 + value;
  }
  return new Date(ms + (end < 22 ? fraction * 100 : end < 23 ? fraction * 10 : fraction));
}

const [ZERO, DOT, Z] = [0x30, 0x2e, 0x5a];

function parseWhole(text: string): Date | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] =
    match;
  const date = new Date(0);
  // `Date.UTC` would map the years 0 to 99 to 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A date such as February 31 was moved to March.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) {
    return undefined;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  date.setUTCHours(Number(hour), Number(minute), Number(second), ms);
  if (sign === undefined) {
    lastMinute = text.slice(0, 17);
    // A remainder would be negative before 1970.
    lastMinuteMs = Math.floor(date.getTime() / 60_000) * 60_000;
    return date;
  }
  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  return new Date(date.getTime() - (sign === "+" ? 1 : -1) * offsetMinutes * 60_000);
}
