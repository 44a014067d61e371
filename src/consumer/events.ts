import type { Outage, Recovery } from "../connection/status.ts";
import type { ListenerFailure } from "../events.ts";
import type { Job } from "../job/job.ts";
import type { Discard, Snooze } from "./outcome.ts";

/** What a consumer tells of itself; see `Consumer.on`. */
export interface ConsumerEvents {
  /** A handler begins. */
  start: { readonly job: Job };
  /** A handler ended well, after so long; the server is told next. */
  done: { readonly job: Job; readonly elapsedMs: number };
  /** A job failed; the server is told next. */
  fail: { readonly job: Job; readonly error: unknown; readonly elapsedMs: number };
  /** A handler gave a job up by `Discard`; the server is told that it is done next. */
  discard: { readonly job: Job; readonly outcome: Discard; readonly elapsedMs: number };
  /** A handler put a job off by `Snooze`; it is enqueued again next. */
  snooze: { readonly job: Job; readonly outcome: Snooze; readonly elapsedMs: number };
  /**
   * A job that was fetched is put back unrun, for five seconds later: its type is at its limit (only the first ones of a type on
   * a queue), or has no handler here and is left to others, or it has no retries and came when a stop had run out of patience.
   */
  returned: { readonly job: Job; readonly reason: "limit" | "unregistered" | "stopped" };
  /** The server could not be told in time what became of a job, so it will run again, or be failed by the server. */
  unreported: { readonly job: Job; readonly error: unknown };
  /**
   * A reservation is about to end while the handler still runs: nothing more is told about this run. Or it was over before the
   * handler could begin, as the machine slept: the job is not run here.
   */
  expired: { readonly job: Job };
  /** The server refused a FETCH, or sent a job that cannot be read. */
  fetchError: { readonly error: unknown };
  /** The consumer goes to this state. */
  state: { readonly state: ConsumerState };
  /**
   * Connections were lost, or the server is silent. Emitted once an outage, from the first connection that is lost until all
   * are back; and once more if no connection is tried any longer, without `retryInMs`.
   */
  disconnect: Outage;
  /** All connections are back. */
  reconnect: Recovery;
  /**
   * Nothing could run for so long, heartbeats included: the event loop was blocked by a handler that computes, the machine
   * slept, or its clock was set forward.
   */
  lag: { readonly lagMs: number };
  /** The machine's clock was set back by so much; reservations and limits are reckoned as if it had not been. */
  clock: { readonly setBackMs: number };
  /**
   * Something that will not do what it seems to do, once a run. Codes: `ENTERPRISE_ONLY`; `PASSWORD_REFUSED`,
   * `PASSWORD_REQUIRED` and `PASSWORD_UNAVAILABLE` if the password is wrong when a connection is made again.
   */
  warning: { readonly code: string; readonly message: string };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

/** Not started; fetching and running; running what there is, without fetching; ending; ended. */
export type ConsumerState = "idle" | "running" | "quiet" | "stopping" | "stopped";
