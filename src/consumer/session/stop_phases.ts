/**
 * The phases of a session, in order; `quiet` may be skipped. The public state from `draining` to
 * `closing` is `stopping`.
 *
 * - `running`: fetches and runs jobs.
 * - `quiet`: does not fetch; runs the jobs it has.
 * - `draining`: stopping; handlers may end by themselves.
 * - `aborting`: stopping; the signal of every handler is aborted.
 * - `reporting`: stopping; does not wait for handlers, only for the server.
 * - `closing`: stopping; the connections are being closed.
 * - `stopped`: all connections are closed.
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

/** The kinds of work that a phase of a stop may wait for. */
export type AwaitedWork = "handlers" | "fetches" | "reports" | "enqueues" | "connections";

/** A phase of a stop: what it waits for, and for how long. */
export interface StopPhaseRule {
  /** The phase ends when none of these is left, or when its time is over. */
  readonly waitsFor: readonly AwaitedWork[];
  /**
   * Longest duration of the phase, in milliseconds; for `draining` it is the caller's `graceMs`.
   */
  readonly maxMs: number;
  /** Longest duration after a second stop. */
  readonly hurriedMs: number;
  readonly next: Phase;
}

/**
 * The phases of a stop, in order. The durations hold even if connections do not respond: a stop
 * ends 2.5 seconds after its grace period, a second stop within a second. `reporting` gives a FETCH
 * in flight, and a result behind it, the two seconds in which the server answers a FETCH, plus some
 * time for the round trip. With the default grace period, the stop fits into the 30 seconds that
 * Kubernetes waits after a TERM.
 */
export const STOP_PHASES: Readonly<Record<StopPhase, StopPhaseRule>> = {
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
