import { clearCopies, type Entry, type Place } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { whenDue, whenLeaving } from "./rules/moves.ts";

/** Records the moves of jobs between their places on the server. */
export class Moves {
  readonly #ledger: Ledger;
  /** Number of jobs that have come to a queue. */
  #queued = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Records that a copy has reached a place. `why` allows the job to run again. */
  came(entry: Entry, place: Place, why?: string): void {
    const ledger = this.#ledger;
    ledger.tell?.(entry.jid, `comes to ${place}, ${why}`);
    this.found(entry, place);
    ledger.journal?.note(entry);
    if (why !== undefined) entry.reasons.push(why);
  }

  /** Records that a copy is in a place. */
  found(entry: Entry, place: Place): void {
    const ledger = this.#ledger;
    entry[place]++;
    ledger.kept.add(entry);
    if (place !== "dead") ledger.open++;
  }

  /** Records that a copy has come to the end of a queue. */
  queued(entry: Entry): void {
    entry.queuedAt = ++this.#queued;
  }

  /** Records that a copy has left a place. With the reason `why`, it is removed from the server. */
  left(entry: Entry, place: Place, why?: string): void {
    const ledger = this.#ledger;
    ledger.tell?.(entry.jid, `leaves ${place}, ${why}`);
    if (ledger.judge(whenLeaving, { entry, place })) return;
    entry[place]--;
    if (place !== "dead") ledger.open--;
    ledger.journal?.note(entry);

    if (why === undefined) return;
    entry.removed++;
    ledger.count(`removed: ${why}`);
  }

  /** Records that a copy leaves a set because it is due. */
  leftDue(entry: Entry): void {
    this.left(entry, "waiting");
    entry.due++;
  }

  /** Records that a due copy has reached its queue. */
  cameDue(entry: Entry): void {
    if (this.#ledger.judge(whenDue, { entry })) return;
    entry.due--;
    this.came(entry, "waiting");
  }

  /** Records that a copy waits for a retry. */
  cameToRetries(entry: Entry): void {
    this.came(entry, "waiting", entry.why ?? "it failed");
    entry.why = undefined;
  }

  /** Records a FLUSH. */
  flushed(): void {
    const ledger = this.#ledger;
    ledger.pauses.clear();
    for (const entry of ledger.entries()) {
      const { waiting, working, dead, due } = entry;
      const all = waiting + working + dead + due;
      if (all === 0) continue;
      ledger.tell?.(entry.jid, "flushed");
      entry.removed += all;
      ledger.open -= waiting + working;
      ledger.count("removed: flushed", all);
      clearCopies(entry);
      entry.reasons.length = 0;
      ledger.journal?.note(entry);
    }
    ledger.locks.clear();
    ledger.server.flushedAt = ledger.now;
  }
}
