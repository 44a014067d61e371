import type { Report } from "../../mod.ts";
import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { isTroubled, whenForgotten, whenTold } from "./rules/consumers.ts";
import { isTroubledStop, whenHeldAfterStop } from "./rules/reports.ts";
import { CANCEL_MS, whenCancelled, whenStarted, whenStepped } from "./rules/runs.ts";
import type { Worker } from "./worker.ts";

/** Time after which a consumer must have followed the server's signal, in milliseconds. */
const SIGNAL_MS = 3000;

/**
 * Records what workers do. The code of a process that was killed in the middle of an event runs on
 * until the turn ends, so what it does then does not count.
 */
export class Runs {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Records that a handler starts. */
  started(jid: string, worker: Worker): void {
    const { process } = worker;
    if (process.isDead) return;
    const ledger = this.#ledger;
    const entry = ledger.of(jid);
    ledger.tell?.(jid, `starts in ${process.name}`);
    ledger.trace.add(6, entry.number, ledger.now);
    ledger.count("runs");
    entry.starts++;
    ledger.judge(whenStarted, { entry, worker, process });
    if (entry.holder === worker) entry.isStarted = true;
  }

  /** Records a step of a resumable job. */
  stepped(jid: string, step: number): void {
    const entry = this.#ledger.of(jid);
    this.#ledger.judge(whenStepped, { entry, step });
    entry.steps = Math.max(entry.steps, step + 1);
  }

  /** Records that a handler has ended. Its result is reported next. */
  finished(jid: string, worker: Worker, result: "ACK" | "FAIL" | "requeued"): void {
    if (worker.process.isDead) return;
    const entry = this.#ledger.of(jid);
    this.#ledger.tell?.(jid, `ends in ${worker.process.name}: ${result}`);
    if (result !== "FAIL") entry.toAcknowledge++;
    // If the server refuses a requeued job, the worker sends FAIL.
    if (result !== "ACK") entry.toFail++;
    if (result === "requeued") {
      entry.toRequeue++;
      entry.isRequeued = true;
    }
    if (entry.holder === worker) entry.isEnded = true;
  }

  /** Records that a worker announced a result that it cannot report, or an expired reservation. */
  excused(jid: string, worker: Worker, event: string): void {
    if (worker.process.isDead) return;
    const entry = this.#ledger.of(jid);
    this.#ledger.tell?.(jid, `${worker.process.name} says: ${event}`);
    this.#ledger.count(event);
    if (entry.holder === worker) entry.isExcused = true;
    if (entry.owedBy === worker) entry.owedBy = undefined;
  }

  /** Records that `cancel` has resolved, and checks later that the run of the job is aborted. */
  cancelled(entry: Entry): void {
    const ledger = this.#ledger;
    const { holder: worker, jid } = entry;
    entry.cancelledAt = ledger.now;
    const signal = worker?.signals.get(jid);
    if (worker === undefined || signal === undefined) return;
    const { process } = worker;
    process.timeline.at(ledger.now + CANCEL_MS, () => {
      if (signal.aborted || worker.signals.get(jid) !== signal) return;
      ledger.judge(whenCancelled, { entry, worker, process });
    });
  }

  /** Records that the server executes a FETCH of a worker. */
  fetches(wid: string): void {
    const worker = this.#ledger.workers.get(wid);
    if (worker !== undefined) worker.fetchedAt = this.#ledger.now;
  }

  /** Records that the server answers a heartbeat with its signal to go quiet or to end. */
  told(wid: string): void {
    const ledger = this.#ledger;
    const worker = ledger.workers.get(wid);
    if (worker === undefined || worker.isTold) return;
    worker.isTold = true;
    const it = { worker, process: worker.process, atMs: ledger.now };
    worker.process.timeline.at(ledger.now + SIGNAL_MS, () => {
      // After a fault, the next reply to a heartbeat tells it again.
      worker.isTold = !isTroubled(it, ledger);
      ledger.judge(whenTold, it);
    });
  }

  /** Records that the server has removed a worker without heartbeats. */
  forgotten(wid: string): void {
    const worker = this.#ledger.workers.get(wid);
    if (worker === undefined) return;
    this.#ledger.judge(whenForgotten, { worker, process: worker.process });
  }

  /** Checks that a consumer that has stopped without faults left no job reserved. */
  checkStopped(worker: Worker, { unfinished, unreported }: Report): void {
    const { process } = worker;
    // Checked before all jobs are looked at, which takes long.
    if (isTroubledStop({ worker, process }, this.#ledger)) return;
    const listed = new Set([...unfinished, ...unreported].map(({ jid }) => jid));
    for (const entry of this.#ledger.jobs) {
      if (entry.holder !== worker || entry.working === 0) continue;
      const isListed = listed.has(entry.jid);
      this.#ledger.judge(whenHeldAfterStop, { entry, worker, process, isListed });
    }
  }
}
