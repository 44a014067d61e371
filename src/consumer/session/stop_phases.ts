/**
 * The phases of a session, in their order; `quiet` may be left out. The phases from `draining` on
 * are one `stopping` to the outside.
 *
 * - `running`: fetches and runs jobs.
 * - `quiet`: fetches nothing, runs what it has.
 * - `draining`: stopping; handlers may end by themselves.
 * - `aborting`: stopping; the signal of every handler is aborted.
 * - `reporting`: stopping; waits for no handler, only for the server.
 * - `closing`: stopping; the connections are being closed.
 * - `stopped`: every connection is closed.
 */
export type Phase =
  | "running"
  | "quiet"
  | "draining"
  | "aborting"
  | "reporting"
  | "closing"
  | "stopped";

/** A phase of a stop. */
export type StopPhase = "draining" | "aborting" | "reporting" | "closing";

/** What a phase of a stop may wait for. */
export type Awaited = "handlers" | "fetches" | "reports" | "enqueues" | "connections";

/** One phase: what it waits for, and how long at most. */
export interface StopPhaseRow {
  /** The phase ends when none of this is left, or when its time is over. */
  readonly waitsFor: readonly Awaited[];
  /** Longest time of the phase, in milliseconds; that of `draining` is the caller's `graceMs`. */
  readonly maxMs: number;
  /** The same after a second stop. */
  readonly hurriedMs: number;
  readonly next: Phase;
}

/**
 * The phases of a stop in their order. Their bounds hold whatever the connections do: a stop ends
 * 2.5 seconds after its grace, a second one within a second. `reporting` gives a FETCH in flight,
 * and a result behind it, the two seconds in which a server answers it, and a moment for the way
 * there and back. With the default grace, all of them fit into the 30 seconds that Kubernetes waits
 * after a TERM.
 */
export const STOP_PHASES: Readonly<Record<StopPhase, StopPhaseRow>> = {
  draining: {
    waitsFor: ["handlers", "fetches", "reports", "enqueues"],
    maxMs: Infinity,
    hurriedMs: Infinity,
    next: "aborting",
  },
  aborting: { waitsFor: ["handlers"], maxMs: 250, hurriedMs: 250, next: "reporting" },
  reporting: {
    waitsFor: ["fetches", "reports", "enqueues"],
    maxMs: 2100,
    hurriedMs: 500,
    next: "closing",
  },
  closing: { waitsFor: ["reports", "connections"], maxMs: 150, hurriedMs: 150, next: "stopped" },
};
