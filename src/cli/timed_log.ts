import type { Clock } from "../internal/clock.ts";
import { systemClock } from "../internal/clock.ts";
import type { CliIo } from "./io.ts";
import type { Output } from "./output.ts";
import { printable } from "./text.ts";

/** Importance of a line. */
export type Level = "debug" | "info" | "warn" | "error";

/** The levels, least important first. */
export const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** An event to log. */
export interface LogLine {
  readonly level: Level;
  /** The event's name, for programs. */
  readonly event: string;
  /** The details, for programs. */
  readonly fields: object;
  /** The same for people. Lines after the first are indented. */
  readonly text: string | readonly string[];
  /** Text before the line, such as the number of the process. */
  readonly prefix?: string;
}

/**
 * The log of a long-running command: lines with their time, as text or JSON. Warnings and errors go
 * to stderr. With JSON, everything goes to stdout for a single reader.
 */
export class TimedLog {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #lowest: number;

  /** Lines below `level` are left out. */
  constructor(output: Output, { clock }: Pick<CliIo, "clock">, level: Level = "debug") {
    this.#output = output;
    this.#clock = clock ?? systemClock;
    this.#lowest = LEVELS.indexOf(level);
  }

  /** Writes a line. */
  write({ level, event, fields, text, prefix = "" }: LogLine): void {
    if (LEVELS.indexOf(level) < this.#lowest) return;
    const time = new Date(this.#clock.now()).toISOString();
    if (this.#output.isJson) {
      return this.#output.print({ time, level, event, ...fields }, () => "");
    }
    const [first = "", ...more] = typeof text === "string" ? [text] : text;
    const isProblem = level === "warn" || level === "error";
    const lines = [
      `${time} ${prefix}${isProblem ? `${level}: ` : ""}${printable(first)}`,
      ...more.map((line) => `    ${printable(line)}`),
    ];
    if (isProblem) this.#output.problem(lines.join("\n"));
    else this.#output.print(undefined, () => lines.join("\n"));
  }
}
