import type { Report } from "../../mod.ts";
import { Fifo } from "../../src/internal/fifo.ts";
import type { Ledger } from "./ledger.ts";
import { whenFetchSent, whenNotReported, whenReportedLate } from "./rules/reports.ts";
import type { Worker } from "./worker.ts";

/** Longest duration of a reservation, with the errors of clocks, in milliseconds. */
const RESERVED_MS = 63_000;

/** A FETCH of a consumer. Handlers of joins also send some, for tokens. */
const FETCH = /^FETCH (?!faktory\.)/m;

/** A job that must not be reported any more. */
interface Late {
  /** Simulated time from which this holds. */
  readonly fromMs: number;
  /** Text that must not be sent any more. */
  readonly sent: string;
}

/** Records the jobs that one worker has to report, and what it sends. */
export class Reports {
  readonly #ledger: Ledger;
  /** Jobs that it must not report any more. */
  readonly #late = new Map<string, Late>();
  /** Jobs that it has fetched, the first one first, until their reservations end. */
  readonly #fetched = new Fifo<{ readonly jid: string; readonly handedAt: number }>();
  /** Jobs whose handlers have started and whose results have not been decided. */
  readonly #unsettled = new Set<string>();
  /** Jobs whose results the server has refused, or that came too late after an earlier fault. */
  readonly #refused = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Records that a FETCH of the worker has brought the job, perhaps again. */
  fetched(jid: string): void {
    this.#late.delete(jid);
    this.#fetched.push({ jid, handedAt: this.#ledger.now });
  }

  /** Records that the reservation of a job has ended. */
  expired(jid: string): void {
    this.#mustNotSend(jid, { fromMs: this.#ledger.now, sent: `"jid":"${jid}"` });
  }

  /** Records that another worker may have the job from `fromMs` on, as this one has requeued it. */
  handedOn(jid: string, fromMs: number): void {
    // If no reply arrives, the requeued job itself may be sent again.
    this.#mustNotSend(jid, { fromMs, sent: `ACK {"jid":"${jid}"` });
  }

  /** Records that a handler has started. */
  begun(jid: string): void {
    this.#unsettled.add(jid);
  }

  /** Records that the result of a job was decided. */
  settled(jid: string): void {
    this.#unsettled.delete(jid);
  }

  /** Records that a result could not be reported although the connection worked. */
  refused(jid: string): void {
    this.#refused.add(jid);
  }

  /** Checks the report of a run that has ended. */
  ended(worker: Worker, { unfinished, unreported }: Report): void {
    const ledger = this.#ledger;
    const { process } = worker;
    const listed = new Set(unfinished.map(({ jid }) => jid));
    for (const jid of this.#unsettled) {
      if (listed.has(jid)) continue;
      ledger.violated("a stop lists the jobs that still run", `${process.name}: ${jid}`);
    }
    for (const { jid } of unreported) {
      const isRefused = this.#refused.has(jid);
      ledger.judge(whenNotReported, { entry: ledger.of(jid), worker, process, isRefused });
    }
  }

  /** Checks the bytes of a write to a connection. */
  wrote(worker: Worker, bytes: Uint8Array): void {
    const ledger = this.#ledger;
    const { now } = ledger;
    this.#expire(worker);
    const mayFetch = now <= worker.fetchesUntil;
    if (this.#late.size === 0 && mayFetch) return;
    const text = new TextDecoder().decode(bytes);
    const { process } = worker;
    if (!mayFetch && FETCH.test(text)) ledger.judge(whenFetchSent, { worker, process });
    for (const [jid, { fromMs, sent }] of this.#late) {
      if (now < fromMs || !text.includes(sent)) continue;
      this.#late.delete(jid);
      ledger.judge(whenReportedLate, { entry: ledger.of(jid), worker, process, atMs: fromMs - 1 });
    }
  }

  /** Finds the jobs whose reservations have ended by any clock. */
  #expire(worker: Worker): void {
    const { now } = this.#ledger;
    for (let next; (next = this.#fetched.peek()) !== undefined; this.#fetched.shift()) {
      if (next.handedAt + RESERVED_MS > now) return;
      const { number, holder, handedAt, working, isShared } = this.#ledger.of(next.jid);
      const isReserved = holder === worker && handedAt === next.handedAt && working > 0;
      if (isReserved && !isShared && number >= 0) this.expired(next.jid);
    }
  }

  #mustNotSend(jid: string, late: Late): void {
    if (!this.#late.has(jid)) this.#late.set(jid, late);
  }
}
