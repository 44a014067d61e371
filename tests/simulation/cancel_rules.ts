import type { Entry, Worker } from "./entry.ts";

/** The parts of the ledger that the rules use. */
export interface CancelLedger {
  /** Simulated time. */
  readonly now: number;
  readonly flushedAt: number;
  readonly serverTroubledAt: number;
  count(name: string): void;
  violated(rule: string, detail: string): void;
}

/** Longest time until all workers without faults know of a cancelled job, in milliseconds. */
export const CANCEL_MS = 7500;

/** Checks that cancelled jobs do not start, and that their runs are aborted. */
export class CancelRules {
  readonly #ledger: CancelLedger;

  constructor(ledger: CancelLedger) {
    this.#ledger = ledger;
  }

  /**
   * Checks that a cancelled job does not start. A worker asks for cancelled jobs every few seconds,
   * so it may start a job that it fetches just after the call.
   */
  started(entry: Entry, worker: Worker): void {
    const { jid, cancelledAt, handedAt, pushes, requeued, isShared } = entry;
    if (handedAt < cancelledAt + CANCEL_MS) return;
    // The worker that finds one of several copies removes the mark. So does a FLUSH.
    const isSpared = pushes - requeued > 1 || isShared ||
      this.#ledger.flushedAt >= entry.cancelCalledAt;
    if (isSpared || this.#isTroubledSince(cancelledAt - CANCEL_MS, worker)) {
      return this.#ledger.count("cancelled jobs that started for a reason");
    }
    this.#ledger.violated("a cancelled job does not start", `${jid}, in ${worker.process.name}`);
  }

  /** Records that `cancel` has resolved. Returns a check that its run is aborted soon after. */
  cancelled(entry: Entry): () => void {
    const { jid, holder } = entry;
    const calledAt = entry.cancelledAt = this.#ledger.now;
    const signal = holder?.signalOf(jid);
    return () => {
      if (holder === undefined || signal === undefined || signal.aborted) return;
      if (
        holder.process.isDead || holder.signalOf(jid) !== signal || holder.isStopping ||
        holder.isSignalled
      ) return;
      if (
        this.#ledger.flushedAt >= entry.cancelCalledAt ||
        this.#isTroubledSince(calledAt - CANCEL_MS, holder)
      ) return;
      this.#ledger.violated("a cancelled run is aborted", `${jid}, in ${holder.process.name}`);
    };
  }

  #isTroubledSince(sinceMs: number, { process }: Worker): boolean {
    return process.troubledAt >= sinceMs || this.#ledger.serverTroubledAt >= sinceMs;
  }
}
