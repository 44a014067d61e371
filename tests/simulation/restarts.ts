import { clearCopies, copiesIn, type Entry, type Place, stateOf } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { whenGroupIsTorn, whenMisplaced, whenRestarted } from "./rules/moves.ts";

/** Records what a server finds when it starts again. */
export class Restarts {
  readonly #ledger: Ledger;
  /** Jobs that the server has found before others that had come to the queue earlier. */
  #misplaced: Entry[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Records that another server starts. Its content is only known from the journal. */
  begin(): void {
    const ledger = this.#ledger;
    for (const entry of ledger.kept) {
      entry.before = stateOf(entry);
      if (entry.before > 0) ledger.tell?.(entry.jid, "the server starts again");
      clearCopies(entry);
    }
    ledger.open = 0;
    ledger.locks.clear();
    this.#misplaced = [];
  }

  /** Records that the server has found a job in this place. */
  found(entry: Entry, place: Place): void {
    this.#ledger.tell?.(entry.jid, `found again: ${place}`);
    this.#ledger.moves.found(entry, place);
    // A server saves what it has found before it serves clients.
    entry.pushedIn = 0;
  }

  /** Records the order in which the server has found the jobs of a queue. */
  foundInOrder(entries: readonly Entry[]): void {
    const { journal, moves } = this.#ledger;
    let last = 0;
    for (const entry of entries) {
      const { before, saved, queuedAt } = entry;
      // Its last arrival may have been lost.
      moves.queued(entry);
      // The place of a job with one copy is known if its last change is saved.
      if (before !== 1 || saved !== 1 || journal?.isOpen(entry) !== false) continue;
      if (queuedAt < last) this.#misplaced.push(entry);
      last = Math.max(last, queuedAt);
    }
  }

  /** Checks what the server has found. `isLossy`: saved changes may be lost. */
  end(isLossy: boolean): void {
    const ledger = this.#ledger;
    const { journal, kept, server } = ledger;
    if (isLossy) {
      server.hasLostJobs = true;
      ledger.pauses.clear();
    }
    for (const entry of this.#misplaced) ledger.judge(whenMisplaced, { entry, isLossy });
    for (const entry of journal?.unexplained() ?? []) {
      ledger.judge(whenGroupIsTorn, { entry, isLossy });
    }
    for (const entry of kept) {
      ledger.judge(whenRestarted, { entry, isLossy });
      const state = stateOf(entry);
      const { before } = entry;
      entry.saved = state;
      entry.before = 0;
      if (state === 0) kept.delete(entry);
      if (state !== before) this.#changed(entry, { before, state, isLossy });
    }
  }

  /** Records that the server has not found the last state of a job. */
  #changed(
    entry: Entry,
    { before, state, isLossy }: { before: number; state: number; isLossy: boolean },
  ): void {
    const ledger = this.#ledger;
    ledger.server.hasLostChanges = true;
    ledger.count("jobs whose last change was not saved");
    const lost = copiesIn(before) - copiesIn(state);
    if (lost > 0) entry.removed += lost;
    if (lost > 0 && isLossy) ledger.lost.push(entry);
    for (let i = 0; i < entry.waiting; i++) {
      entry.reasons.push("the server lost what was not saved");
    }
    // It may be acknowledged or failed again, because the server has lost the first command.
    entry.toAcknowledge++;
    entry.toFail++;
  }
}
