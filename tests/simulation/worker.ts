import type { Consumer } from "../../mod.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Reports } from "./reports.ts";

/** Parts of a {@linkcode Worker}. */
export type WorkerParts = Pick<Worker, "process" | "consumer" | "reports" | "concurrency">;

/** The record of a worker: a process with a consumer. */
export class Worker {
  readonly process: SimulatedProcess;
  readonly consumer: Consumer;
  readonly reports: Reports;
  /** Maximum number of jobs that it may run at a time. */
  readonly concurrency: number;
  /** True if the simulation stops it; `isSignalled` if the server asked it to stop. */
  isStopping = false;
  isSignalled = false;
  /** True if the server has told it so in the reply to a heartbeat. */
  isTold = false;
  /** Simulated times at which it was made quiet, and at which its stop began. */
  quietAt = Infinity;
  stopsAt = Infinity;
  /** Simulated time at which the server last executed a FETCH of it. */
  fetchedAt = -Infinity;
  /** Number of running handlers, in total and by queue. */
  handlers = 0;
  readonly handlersOf = new Map<string, number>();
  /** The signals of the running handlers, by jid. */
  readonly signals = new Map<string, AbortSignal>();
  /** True if a job has started since the last look for idle consumers. */
  hasStarted = false;
  /** Simulated time since which it was idle at each look, while jobs waited. */
  idleSince = Infinity;
  /** Simulated time of the last look at which it was not idle, or had a fault. */
  busyAt: number;

  constructor({ process, consumer, reports, concurrency }: WorkerParts) {
    this.process = process;
    this.consumer = consumer;
    this.reports = reports;
    this.concurrency = concurrency;
    this.busyAt = process.timeline.now;
  }

  /** True if it was asked to stop. */
  get isEnding(): boolean {
    return this.isStopping || this.isSignalled;
  }

  /** Simulated time from which it must not send a FETCH. */
  get fetchesUntil(): number {
    return Math.min(this.quietAt, this.stopsAt);
  }
}
