import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import type { SimulatedProcess } from "./process.ts";
import { type Push, whenPushed, whenPushedAgain, whenPushedInOrder } from "./rules/pushes.ts";
import { whenHandedOut } from "./rules/moves.ts";
import {
  ANNOUNCED_LATER,
  whenAcknowledged,
  whenAcknowledgedLate,
  whenExecuted,
  whenExpired,
  whenFailed,
  WHY_EXPIRED,
} from "./rules/results.ts";

/** Largest error of the time at which a requeued job runs again, in milliseconds. */
const REQUEUE_MS = 3000;

/** Records the commands that the server executes. */
export class Commands {
  readonly #ledger: Ledger;
  /** Producers with `ordered: true`, and the number of the last job that arrived from each. */
  readonly #previous = new Map<SimulatedProcess, number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * Records that the server accepted a job. Called after the job has reached its place. If its set
   * contained exactly the same job, there is still only one.
   */
  pushed(push: Push): void {
    const ledger = this.#ledger;
    const { entry, isRequeued, dueInMs } = push;
    const { jid, number, producer, isOrdered } = entry;
    const isFirst = entry.pushes++ === 0;
    ledger.tell?.(jid, `pushed, ${JSON.stringify({ ...push, entry: undefined })}`);
    ledger.trace.add(1, number, ledger.now);
    if (isFirst) {
      if (number >= 0) ledger.taken++;
      entry.pushedIn = ledger.journal?.group ?? 0;
    }
    if (isRequeued) {
      entry.requeued++;
      entry.requeuedNow++;
      entry.isRequeuedEarly = dueInMs < REQUEUE_MS;
      if (entry.holder !== undefined) ledger.onRequeued?.(entry.holder);
    }
    if (number < 0) {
      for (const watch of ledger.pushWatchers) watch(push);
    }
    ledger.judge(whenPushed, push);
    if (!isFirst) return ledger.judgeFirst(whenPushedAgain, push);
    if (producer === undefined || !isOrdered) return;
    const previous = this.#previous.get(producer) ?? -1;
    ledger.judge(whenPushedInOrder, { entry, previous });
    this.#previous.set(producer, number);
  }

  /** Records that the server gave the job to a worker. */
  handed(entry: Entry, wid: string): void {
    const ledger = this.#ledger;
    const worker = ledger.workers.get(wid);
    ledger.tell?.(entry.jid, `handed to ${worker?.process.name}`);
    ledger.trace.add(2, entry.number, ledger.now);
    const reason = entry.handed > 0 ? entry.reasons.shift() : undefined;
    ledger.judge(whenHandedOut, { entry, reason });
    if (reason !== undefined) ledger.reruns[reason] = (ledger.reruns[reason] ?? 0) + 1;
    if (entry.waiting === 0) ledger.open++;
    else entry.waiting--;
    entry.handed++;
    // ACK and FAIL name only the jid: they end one of two reservations, and the other one expires.
    if (entry.working++ > 0) entry.isShared = true;
    ledger.journal?.note(entry);
    ledger.locks.handed(entry);
    worker?.reports.fetched(entry.jid);
    const { holder } = entry;
    if (holder !== undefined) {
      if (holder !== worker) this.#handedOn(entry);
      entry.formerHolders.push(holder);
    }
    entry.holder = worker;
    entry.handedAt = ledger.now;
    entry.acksNow = entry.requeuedNow = 0;
    entry.isStarted =
      entry.isEnded =
      entry.isRequeued =
      entry.isExcused =
        false;
  }

  /** Records that the server is about to execute an ACK. */
  acknowledged(jid: string, isReserved: boolean): void {
    const ledger = this.#ledger;
    const entry = ledger.of(jid);
    ledger.tell?.(jid, `ACK, ${isReserved}`);
    ledger.trace.add(3, entry.number, ledger.now);
    entry.ackCommands++;
    entry.acksNow++;
    if (isReserved) {
      entry.acks++;
      entry.isEnding = true;
      ledger.locks.succeeded(entry);
    } else {
      entry.owedBy = undefined;
      ledger.count("ACK of a job that nobody has");
    }
    ledger.judge(isReserved ? whenAcknowledged : whenAcknowledgedLate, { entry });
  }

  /** Records that the server is about to execute a FAIL. */
  failed(jid: string, isReserved: boolean): void {
    const ledger = this.#ledger;
    const entry = ledger.of(jid);
    ledger.tell?.(jid, `FAIL, ${isReserved}`);
    ledger.trace.add(4, entry.number, ledger.now);
    if (!isReserved) {
      entry.owedBy = undefined;
      return ledger.count("FAIL of a job that nobody has");
    }
    entry.fails++;
    entry.isEnding = true;
    ledger.judge(whenFailed, { entry });
  }

  /** Checks the state after the server has executed an ACK or a FAIL. */
  executed(jid: string): void {
    const entry = this.#ledger.of(jid);
    this.#ledger.judge(whenExecuted, { entry });
    entry.isEnding = false;
  }

  /** Records that an ACK or a FAIL has ended a reservation. */
  ended(entry: Entry): void {
    entry.isEnding = false;
    entry.ends++;
    this.#ledger.moves.left(entry, "working");
  }

  /** Records that a reservation has expired. */
  expired(entry: Entry): void {
    const ledger = this.#ledger;
    ledger.tell?.(entry.jid, "its reservation ends");
    ledger.trace.add(5, entry.number, ledger.now);
    ledger.count("reservations that ended");
    entry.ends++;
    ledger.moves.left(entry, "working");
    const { holder, handedAt, isShared, number } = entry;
    if (number >= 0 && !isShared && ledger.server.jumpedAt < handedAt) {
      holder?.reports.expired(entry.jid);
    }
    const reason = WHY_EXPIRED.find(([, applies]) => applies({ entry }, ledger))?.[0];
    if (reason === ANNOUNCED_LATER) entry.owedBy = holder;
    ledger.judge(whenExpired, { entry, reason });
    entry.why = `reservation ended: ${reason ?? "none"}`;
  }

  /** After a requeued job was fetched again, its earlier worker must not acknowledge it. */
  #handedOn(entry: Entry): void {
    const { jid, number, holder, isRequeued, isRequeuedEarly, requeuedNow, handedAt } = entry;
    const { server, now } = this.#ledger;
    if (number < 0 || !isRequeued || isRequeuedEarly || requeuedNow !== 1) return;
    if (server.jumpedAt < handedAt) holder!.reports.handedOn(jid, now + REQUEUE_MS);
  }
}
