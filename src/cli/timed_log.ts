import type { Clock } from "../internal/clock.ts";
import { systemClock } from "../internal/clock.ts";
import type { CliIo } from "./io.ts";
import type { Output } from "./output.ts";
import { plain } from "./text.ts";

/** How important a line is. */
export type Level = "debug" | "info" | "warn" | "error";

/** The levels, least important first. */
export const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** One thing that happened. */
export interface LogLine {
  readonly level: Level;
  /** The name of the event, for programs. */
  readonly event: string;
  /** Its details, for programs. */
  readonly fields: object;
  /** The same for people; lines after the first are indented. */
  readonly text: string | readonly string[];
  /** What stands before the text, such as which of several processes says it. */
  readonly front?: string;
}

/**
 * What a command tells that runs for long: lines with their time, as text or JSON. Warnings and
 * errors go to stderr, but in JSON everything goes to stdout, where one program reads it.
 */
export class TimedLog {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #least: number;

  /** Lines below `level` are left out. */
  constructor(output: Output, { clock }: Pick<CliIo, "clock">, level: Level = "debug") {
    this.#output = output;
    this.#clock = clock ?? systemClock;
    this.#least = LEVELS.indexOf(level);
  }

  /** Writes a line. */
  write({ level, event, fields, text, front = "" }: LogLine): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    const time = new Date(this.#clock.now()).toISOString();
    if (this.#output.isJson) {
      return this.#output.print({ time, level, event, ...fields }, () => "");
    }
    const [first = "", ...more] = typeof text === "string" ? [text] : text;
    const isProblem = level === "warn" || level === "error";
    const lines = [
      `${time} ${front}${isProblem ? `${level}: ` : ""}${plain(first)}`,
      ...more.map((line) => `    ${plain(line)}`),
    ];
    if (isProblem) this.#output.problem(lines.join("\n"));
    else this.#output.print(undefined, () => lines.join("\n"));
  }
}
