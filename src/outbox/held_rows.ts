import type { Clock } from "../internal/clock.ts";
import type { Connection } from "./database.ts";
import type { Statements } from "./statements.ts";

/** Parts of {@linkcode HeldRows}. */
export interface HeldRowsParts {
  readonly database: Connection;
  readonly statements: Statements;
  readonly clock: Clock;
  /** The name of the relay in the rows that it has claimed. */
  readonly name: string;
  readonly claimSeconds: number;
}

/** The rows that a relay has claimed. Their claims are extended until they are removed here. */
export class HeldRows {
  readonly #parts: HeldRowsParts;
  readonly #ids = new Set<string>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: HeldRowsParts) {
    this.#parts = parts;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#ids.add(id);
    if (this.#cancel === undefined && !this.#isClosed) this.#schedule();
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) this.#ids.delete(id);
    if (this.#ids.size === 0) this.#stop();
  }

  /** Extends no more claims, so they expire. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    const { clock, claimSeconds } = this.#parts;
    this.#cancel = clock.after(claimSeconds * 1000 / 3, () => {
      // If this fails, the rows may be pushed twice. The next statement of the batch reports the
      // error.
      this.#extend().catch(() => {});
      this.#schedule();
    });
  }

  async #extend(): Promise<void> {
    const { database, statements, name, claimSeconds } = this.#parts;
    await database.query(statements.extend, [name, claimSeconds, JSON.stringify([...this.#ids])]);
  }
}
