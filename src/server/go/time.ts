/** Parses and formats times like Go's package `time` with the layout `RFC3339Nano`. */

import type { Clock } from "../../internal/clock.ts";
import { GoError } from "./error.ts";
import { quoteTime } from "./quote.ts";
import { bytesOf } from "./text.ts";

const LAYOUT = "2006-01-02T15:04:05.999999999Z07:00";

/**
 * Parses a time. Returns ms since 1970, with a fraction down to nanoseconds as far as a number can
 * hold it.
 *
 * @throws {GoError} with Go's text. Go also accepts an hour of one digit, a comma as the decimal
 *   point, and offsets up to 24:60.
 */
export function parseTime(text: string): number {
  return new TimeReader(text).time();
}

/** The parts of Go's layout: fixed characters, and numbers with their limits. */
const ELEMENTS: readonly Element[] = [
  { layout: "2006", name: "year", digits: 4, min: 0, max: 9999 },
  { layout: "-" },
  { layout: "01", name: "month", digits: 2, min: 1, max: 12 },
  { layout: "-" },
  { layout: "02", name: "day", digits: 2, min: 0, max: 99 },
  { layout: "T" },
  { layout: "15", name: "hour", digits: 1, min: 0, max: 23 },
  { layout: ":" },
  { layout: "04", name: "minute", digits: 2, min: 0, max: 59 },
  { layout: ":" },
  { layout: "05", name: "second", digits: 2, min: 0, max: 59 },
];

interface Element {
  readonly layout: string;
  readonly name?: string;
  /** Minimum number of digits. */
  readonly digits?: number;
  readonly min?: number;
  readonly max?: number;
}

class TimeReader {
  readonly #text: string;
  /** The text that is not yet parsed. */
  #rest: string;

  constructor(text: string) {
    this.#text = text;
    this.#rest = text;
  }

  time(): number {
    const fields: Record<string, number> = {};
    for (const element of ELEMENTS) {
      if (element.name === undefined) this.#literal(element.layout);
      else fields[element.name] = this.#number(element);
    }
    const fractionMs = this.#fraction();
    const offsetMs = this.#offset();
    if (this.#rest !== "") throw this.#error(`: extra text: ${quoteTime(this.#rest)}`);
    const { year, month, day, hour, minute, second } = fields;
    const date = new Date(0);
    // Not `Date.UTC`: it maps the years 0 to 99 to 1900 to 1999.
    date.setUTCFullYear(year!, month! - 1, day!);
    // A date such as February 31 moves on to March.
    if (date.getUTCDate() !== day) throw this.#error(": day out of range");
    return date.setUTCHours(hour!, minute!, second!) + fractionMs - offsetMs;
  }

  #literal(character: string): void {
    if (this.#rest[0] !== character) throw this.#cannot(character);
    this.#rest = this.#rest.slice(1);
  }

  #number({ layout, name, digits, min, max }: Element): number {
    const wanted = layout.length === 4 ? 4 : 2;
    const found = /^\d*/.exec(this.#rest.slice(0, wanted))![0].length;
    if (found < digits!) throw this.#cannot(layout);
    const value = Number(this.#rest.slice(0, found));
    this.#rest = this.#rest.slice(found);
    if (value < min! || value > max!) throw this.#error(`: ${name} out of range`);
    return value;
  }

  #fraction(): number {
    const fraction = /^[.,](\d+)/.exec(this.#rest);
    if (fraction === null) return 0;
    this.#rest = this.#rest.slice(fraction[0].length);
    return Number(fraction[1]!.slice(0, 9).padEnd(9, "0")) / 1_000_000;
  }

  #offset(): number {
    if (this.#rest[0] === "Z") {
      this.#rest = this.#rest.slice(1);
      return 0;
    }
    // Go counts bytes, and accepts any six of them until it checks the digits.
    const offset = /^(.)(..):(..)/s.exec(String.fromCharCode(...bytesOf(this.#rest.slice(0, 6))));
    if (offset === null) throw this.#cannot("Z07:00");
    const [, sign, hours, minutes] = offset;
    // Go checks the range of one number before it reports that the other is not a number.
    const hour = /^\d\d$/.test(hours!) ? Number(hours) : NaN;
    const minute = !Number.isNaN(hour) && /^\d\d$/.test(minutes!) ? Number(minutes) : NaN;
    if (minute > 60) throw this.#error(": time zone offset minute out of range");
    if (hour > 24) throw this.#error(": time zone offset hour out of range");
    if (Number.isNaN(minute) || !"+-".includes(sign!)) throw this.#cannot("Z07:00");
    this.#rest = this.#rest.slice(6);
    return (sign === "-" ? -1 : 1) * (hour * 60 + minute) * 60_000;
  }

  #cannot(element: string): GoError {
    return this.#error(
      ` as ${quoteTime(LAYOUT)}: cannot parse ${quoteTime(this.#rest)} as ${quoteTime(element)}`,
    );
  }

  #error(message: string): GoError {
    return new GoError(`parsing time ${quoteTime(this.#text)}${message}`);
  }
}

/** Formats a time in UTC like Go, without trailing zeros. */
export function writeTime(ms: number): string {
  return withoutZeros(new Date(ms).toISOString().slice(0, -1));
}

/**
 * Formats the current time like Go. All results differ: times in the same millisecond have
 * different nanoseconds.
 */
export class Timestamps {
  readonly #clock: Clock;
  #ms = NaN;
  #text = "";
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): string {
    const ms = this.#clock.now();
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#count = 0;
      this.#text = new Date(ms).toISOString().slice(0, -1);
    }
    const count = this.#count++ % 1_000_000;
    return withoutZeros(count === 0 ? this.#text : this.#text + String(count).padStart(6, "0"));
  }
}

function withoutZeros(time: string): string {
  let end = time.length;
  while (time[end - 1] === "0") end--;
  // There is always a decimal point.
  if (time[end - 1] === ".") end--;
  return `${time.slice(0, end)}Z`;
}
