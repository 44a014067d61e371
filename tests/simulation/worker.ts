import type { SimulatedProcess } from "./process.ts";
import type { ReportRules } from "./reports.ts";

/** The properties of a worker that the ledger uses. */
export interface Worker {
  readonly process: SimulatedProcess;
  /** True if the simulation stops it; `isSignalled` if the server asked it to stop. */
  readonly isStopping: boolean;
  readonly isSignalled: boolean;
  readonly reports: ReportRules;
  /** Simulated time at which the server last executed a FETCH of it. */
  fetchedAt: number;
  /** Called when the server answers a heartbeat with its signal to go quiet or to terminate. */
  told(): void;
  /** Returns the signal of a running handler. */
  signalOf(jid: string): AbortSignal | undefined;
}
