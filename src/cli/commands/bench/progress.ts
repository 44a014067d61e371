import type { CliIo } from "../../io.ts";
import { formatInteger } from "../../text.ts";

/** Shows the progress of a step, only on a terminal. */
export class Progress {
  readonly #io: CliIo;
  #percent = -1;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** Shows that `done` of `total` are complete. Writes only when the percentage changes. */
  show(step: string, done: number, total: number): void {
    const { stderr, env } = this.#io;
    const percent = Math.floor(done / total * 100);
    if (!stderr.isTerminal || env["TERM"] === "dumb" || percent === this.#percent) return;
    this.#percent = percent;
    stderr.write(`\r${step}: ${formatInteger(done)} of ${formatInteger(total)}\u001b[K`);
  }

  /** Removes the line. */
  clear(): void {
    if (this.#percent >= 0) this.#io.stderr.write("\r\u001b[K");
    this.#percent = -1;
  }
}
