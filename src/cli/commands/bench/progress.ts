import type { CliIo } from "../../io.ts";
import { whole } from "../../text.ts";

/** How far a step is, on a terminal; elsewhere nobody is told. */
export class Progress {
  readonly #io: CliIo;
  #percent = -1;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** `done` of `total` are through. Written where it has become a percent more. */
  tell(step: string, done: number, total: number): void {
    const { stderr, env } = this.#io;
    const percent = Math.floor(done / total * 100);
    if (!stderr.isTerminal || env["TERM"] === "dumb" || percent === this.#percent) return;
    this.#percent = percent;
    stderr.write(`\r${step}: ${whole(done)} of ${whole(total)}\u001b[K`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#percent >= 0) this.#io.stderr.write("\r\u001b[K");
    this.#percent = -1;
  }
}
