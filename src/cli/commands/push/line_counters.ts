import type { Invocation } from "../../command.ts";
import { formatCount, formatInteger, printable } from "../../text.ts";
import type { Line, Source } from "./sources.ts";

/** Interval of progress reports to a terminal and to programs, in ms. */
const TERMINAL_MS = 100;
const PROGRAM_MS = 1000;

/** Counts the results of the lines, and reports them during the run and at its end. */
export class LineCounters {
  /** Jobs that the server has accepted. */
  enqueued = 0;
  /** Lines that are not jobs. */
  invalid = 0;
  /** Jobs that the server refused. */
  refused = 0;
  /** Jobs whose result is unknown. */
  unknown = 0;

  readonly #start = performance.now();
  readonly #sources: readonly Source[];
  readonly #invocation: Pick<Invocation, "io" | "output">;
  readonly #isTerminal: boolean;
  readonly #isJson: boolean;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(
    sources: readonly Source[],
    { io, output, flags }: Pick<Invocation<{ json?: boolean }>, "io" | "output" | "flags">,
  ) {
    this.#sources = sources;
    this.#invocation = { io, output };
    this.#isJson = flags.json === true;
    this.#isTerminal = io.stderr.isTerminal && !this.#isJson;
    const everyMs = this.#isTerminal ? TERMINAL_MS : PROGRAM_MS;
    this.#timer = setInterval(() => this.#progress(), everyMs);
  }

  /** Reports a line that was not enqueued. */
  report(event: "invalid" | "refused", { source, line }: Line, { code, message }: ErrorText): void {
    this[event]++;
    const { output } = this.#invocation;
    if (this.#isJson) {
      output.print({ event, file: source.name, line, code, message }, () => "");
      return;
    }
    this.#clear();
    const position = event === "invalid"
      ? source.name
      : `${source.name}, line ${formatInteger(line)}`;
    output.warn(`${position}: ${message}`);
  }

  /** Reports the end. `isWhole` is false if lines are left. */
  end(isComplete: boolean): void {
    clearInterval(this.#timer);
    this.#clear();
    const files = this.#sources.map(({ name, line }) => ({ file: name, line }));
    this.#invocation.output.print(
      { event: "end", ...this.#totals(), unknown: this.unknown, complete: isComplete, files },
      () => [this.#summary(), ...isComplete ? [] : this.#positions()].join("\n"),
    );
  }

  #summary(): string {
    const { enqueued, invalid, refused, unknown } = this;
    const { seconds } = this.#totals();
    return [
      `${formatCount(enqueued, "job")} enqueued in ${seconds.toFixed(1)} s (${
        formatInteger(this.#rate())
      }/s)`,
      ...invalid > 0 ? [`${formatCount(invalid, "bad line")} skipped`] : [],
      ...refused > 0 ? [`${formatCount(refused, "job")} refused`] : [],
      ...unknown > 0 ? [`${formatCount(unknown, "job")} with unknown result`] : [],
    ].join(", ");
  }

  /** Returns the line up to which each file was sent. */
  #positions(): string[] {
    return this.#sources.map(({ name, line }) =>
      `${printable(name)}: sent up to line ${formatInteger(line)}`
    );
  }

  #progress(): void {
    if (this.#isJson) {
      this.#invocation.output.print({ event: "progress", ...this.#totals() }, () => "");
    } else if (this.#isTerminal) {
      const bad = this.invalid + this.refused;
      const parts = [
        `${formatCount(this.enqueued, "job")}`,
        `${formatInteger(this.#rate())}/s`,
        ...this.#percentRead() === undefined ? [] : [`${this.#percentRead()} %`],
        ...bad > 0 ? [`${formatInteger(bad)} bad`] : [],
      ];
      this.#invocation.io.stderr.write(`\r\u001b[K${parts.join(", ")}`);
    }
  }

  /** Returns the percentage read of all files. `undefined` if a size is unknown. */
  #percentRead(): number | undefined {
    let [bytes, size] = [0, 0];
    for (const source of this.#sources) {
      if (source.size === undefined) return undefined;
      bytes += source.bytes;
      size += source.size;
    }
    return size === 0 ? undefined : Math.min(100, Math.floor(100 * bytes / size));
  }

  #clear(): void {
    if (this.#isTerminal) this.#invocation.io.stderr.write("\r\u001b[K");
  }

  #totals() {
    const { enqueued, invalid, refused } = this;
    const seconds = Math.round(performance.now() - this.#start) / 1000;
    return { enqueued, invalid, refused, seconds };
  }

  #rate(): number {
    return Math.round(this.enqueued / Math.max(1, performance.now() - this.#start) * 1000);
  }
}

interface ErrorText {
  readonly code: string;
  readonly message: string;
}
