import type { Report } from "../../mod.ts";
import { Fifo } from "../../src/internal/fifo.ts";
import type { Ledger } from "./ledger.ts";
import { RECONNECT_MS, type SimulatedProcess } from "./process.ts";

/** Parts of {@linkcode ReportRules}. */
export interface ReportRulesParts {
  readonly process: SimulatedProcess;
  readonly ledger: Ledger;
}

/** Longest duration of a reservation, with the errors of clocks, in milliseconds. */
const RESERVED_MS = 63_000;

/** Time without faults after which a stop must release every new job, in milliseconds. */
const CALM_MS = 3000;

/** A job that must not be reported any more. */
interface Late {
  /** Simulated time from which this holds. */
  readonly fromMs: number;
  /** Text that must not be sent any more. */
  readonly sent: string;
}

/** A FETCH of a consumer. Handlers of joins also send some, for tokens. */
const FETCH = /^FETCH (?!faktory\.)/m;

/** Checks the results that one consumer reports, and the report of its run. */
export class ReportRules {
  readonly #process: SimulatedProcess;
  readonly #ledger: Ledger;
  /** Jobs that it must not report any more. */
  readonly #late = new Map<string, Late>();
  /** Jobs that it has fetched, the first one first, until their reservations end. */
  readonly #fetched = new Fifo<{ readonly jid: string; readonly handedAt: number }>();
  /** Jobs whose handlers have started and whose results have not been decided. */
  readonly #unsettled = new Set<string>();
  /** Jobs whose results the server has refused, or that came too late after an earlier fault. */
  readonly #refused = new Set<string>();
  /** Simulated time from which it must not send a FETCH. */
  #fetchesUntil = Infinity;
  /** Simulated time at which its stop began. */
  stopsAt = Infinity;

  constructor({ process, ledger }: ReportRulesParts) {
    this.#process = process;
    this.#ledger = ledger;
    process.tap = (bytes) => this.#wrote(bytes);
  }

  /** Records that a FETCH of the consumer has brought the job, perhaps again. */
  fetched(jid: string): void {
    this.#late.delete(jid);
    this.#fetched.push({ jid, handedAt: this.#now });
  }

  /** Records that the reservation of a job has ended. */
  expired(jid: string): void {
    if (!this.#late.has(jid)) this.#late.set(jid, { fromMs: this.#now, sent: `"jid":"${jid}"` });
  }

  /** Records that another worker may have the job from `fromMs` on, as this one has requeued it. */
  handedOn(jid: string, fromMs: number): void {
    // If no reply arrives, the requeued job itself may be sent again.
    if (!this.#late.has(jid)) this.#late.set(jid, { fromMs, sent: `ACK {"jid":"${jid}"` });
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

  /** Records that the consumer must not send another FETCH: it is quiet, or stops. */
  fetchesNoMore(): void {
    this.#fetchesUntil = Math.min(this.#fetchesUntil, this.#now);
  }

  /** Records the beginning of a stop. */
  stops(): void {
    this.fetchesNoMore();
    this.stopsAt = Math.min(this.stopsAt, this.#now);
  }

  /** Checks the report of a run that has ended. */
  ended({ unfinished, unreported }: Report): void {
    const listed = new Set(unfinished.map(({ jid }) => jid));
    for (const jid of this.#unsettled) {
      if (!listed.has(jid)) this.#violated("a stop lists the jobs that still run", jid);
    }
    if (!this.#isCalmSince(this.stopsAt - RECONNECT_MS)) return;
    for (const { jid } of unreported) {
      if (this.#refused.has(jid)) continue;
      this.#violated("a stop without faults reports every result", jid);
    }
  }

  #wrote(bytes: Uint8Array): void {
    this.#expire();
    if (this.#late.size === 0 && this.#fetchesUntil === Infinity) return;
    const text = new TextDecoder().decode(bytes);
    if (this.#now > this.#fetchesUntil && this.#mayJudge(this.#fetchesUntil)) {
      if (FETCH.test(text)) {
        const since = `${this.stopsAt < Infinity ? "stopped" : "quiet"} at ${this.#fetchesUntil}`;
        this.#violated("a quiet consumer sends no FETCH", since);
      }
    }
    for (const [jid, { fromMs, sent }] of this.#late) {
      if (this.#now < fromMs || !text.includes(sent)) continue;
      this.#late.delete(jid);
      // A cancellation removes the job by FAIL, whoever has it.
      const isCancelled = this.#ledger.of(jid).cancelCalledAt < Infinity;
      if (!isCancelled && this.#mayJudge(fromMs - 1)) {
        this.#violated("nothing is reported after the reservation has ended", jid);
      }
    }
  }

  /** Finds the jobs whose reservations have ended by any clock. */
  #expire(): void {
    for (let next; (next = this.#fetched.peek()) !== undefined; this.#fetched.shift()) {
      if (next.handedAt + RESERVED_MS > this.#now) return;
      const { number, holder, handedAt, working, isShared } = this.#ledger.of(next.jid);
      const isReserved = holder?.reports === this && handedAt === next.handedAt && working > 0;
      if (isReserved && !isShared && number >= 0) this.expired(next.jid);
    }
  }

  /** Returns true if no command was held back since then, after the consumer had decided on it. */
  #mayJudge(sinceMs: number): boolean {
    const { heldAt, stuckAt } = this.#process;
    return heldAt < sinceMs && stuckAt < sinceMs;
  }

  /** Simulated time since which a stop without faults had none. */
  get calmFrom(): number {
    return this.stopsAt - CALM_MS;
  }

  /** True if there was no fault during the stop, and shortly before. */
  get isCalmStop(): boolean {
    return this.#isCalmSince(this.calmFrom);
  }

  #isCalmSince(ms: number): boolean {
    return ms < Infinity && this.#process.troubledAt < ms && this.#ledger.server.troubledAt < ms;
  }

  get #now(): number {
    return this.#process.timeline.now;
  }

  #violated(rule: string, detail: string): void {
    this.#ledger.violated(rule, `${this.#process.name}: ${detail}`);
  }
}
