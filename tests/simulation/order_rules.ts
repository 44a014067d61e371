import type { Entry } from "./entry.ts";
import type { Journal } from "./journal.ts";
import type { SimulatedProcess } from "./process.ts";

/** Checks the order in which jobs arrive, and in which a restarted server finds them. */
export class OrderRules {
  readonly #violated: (rule: string, detail: string) => void;
  readonly #journal: () => Journal | undefined;
  /** Producers with `ordered: true`, and the number of the last job that arrived from each. */
  readonly #ordered = new Map<SimulatedProcess, number>();
  /** Number of jobs that have come to a queue. */
  #queued = 0;
  /** Jobs that a starting server has found before others that had come to the queue earlier. */
  #misplaced: Entry[] = [];

  constructor(
    violated: (rule: string, detail: string) => void,
    journal: () => Journal | undefined,
  ) {
    this.#violated = violated;
    this.#journal = journal;
  }

  /** Checks that the jobs of a producer with `ordered: true` arrive in order. */
  arrived(entry: Entry): void {
    const { producer, number, isOrdered } = entry;
    if (producer === undefined || !isOrdered) return;
    if (number < (this.#ordered.get(producer) ?? -1)) {
      this.#violated("ordered calls arrive in their order", entry.jid);
    }
    this.#ordered.set(producer, number);
  }

  /** Records that a copy has come to the end of a queue. */
  queued(entry: Entry): void {
    entry.queuedAt = ++this.#queued;
  }

  /** Records the order in which a starting server has found the jobs of a queue. */
  restoredInOrder(entries: readonly Entry[]): void {
    let last = 0;
    for (const entry of entries) {
      const { before, saved, queuedAt } = entry;
      // Its last arrival may have been lost.
      entry.queuedAt = ++this.#queued;
      // The place of a job with one copy is known if its last change is saved.
      if (before !== 1 || saved !== 1 || this.#journal()?.isOpen(entry) !== false) continue;
      if (queuedAt < last) this.#misplaced.push(entry);
      last = Math.max(last, queuedAt);
    }
  }

  /** Checks what a starting server has found. `isLossy`: saved changes may be lost. */
  serverStarted(isLossy: boolean): void {
    for (const { jid } of isLossy ? [] : this.#misplaced) {
      this.#violated("a restarted server keeps the order of a queue", jid);
    }
    this.#misplaced = [];
  }
}
