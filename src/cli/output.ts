import { printableJson } from "../internal/show.ts";
import type { CliIo } from "./io.ts";
import { printable } from "./text.ts";

/** The output of a command: text for people, or JSON for programs. */
export class Output {
  readonly #io: CliIo;
  /** True with `--json`. */
  readonly isJson: boolean;

  constructor(io: CliIo, isJson: boolean) {
    this.#io = io;
    this.isJson = isJson;
  }

  /** Prints a result, or one event of many: one line of JSON, or lines of text. */
  print(value: unknown, text: () => string): void {
    this.#io.stdout.write(`${this.isJson ? printableJson(value) : text()}\n`);
  }

  /** Prints a warning to stderr. */
  warn(text: string): void {
    this.#io.stderr.write(`faktory: warning: ${printable(text)}\n`);
  }

  /** Prints lines to stderr unchanged. */
  problem(lines: string): void {
    this.#io.stderr.write(`${lines}\n`);
  }

  /** Formats text as bold, if the terminal shows colors. */
  strong(text: string): string {
    return hasColours(this.#io) ? `\u001b[1m${text}\u001b[22m` : text;
  }
}

/**
 * Returns true if to use colors: only on a terminal, and not with NO_COLOR (https://no-color.org).
 */
export function hasColours({ stdout, env }: CliIo): boolean {
  return stdout.isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
