import { plainJson } from "../internal/show.ts";
import type { CliIo } from "./io.ts";
import { plain } from "./text.ts";

/** What a command has to tell: text for people, or JSON for programs. */
export class Output {
  readonly #io: CliIo;
  /** Whether it is for programs. */
  readonly isJson: boolean;

  constructor(io: CliIo, isJson: boolean) {
    this.#io = io;
    this.isJson = isJson;
  }

  /** A result, or one event of a stream of them: one line of JSON, or lines of text. */
  print(value: unknown, text: () => string): void {
    this.#io.stdout.write(`${this.isJson ? plainJson(value) : text()}\n`);
  }

  /** Something that is not what it seems to be, and that ends nothing. */
  warn(text: string): void {
    this.#io.stderr.write(`faktory: warning: ${plain(text)}\n`);
  }

  /** Lines about something that is wrong, as they are. */
  problem(lines: string): void {
    this.#io.stderr.write(`${lines}\n`);
  }

  /** A text that stands out where there are colours. */
  strong(text: string): string {
    return hasColours(this.#io) ? `\u001b[1m${text}\u001b[22m` : text;
  }
}

/**
 * Only a terminal gets colours, and not one whose user does not want them (https://no-color.org).
 */
export function hasColours({ stdout, env }: CliIo): boolean {
  return stdout.isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
