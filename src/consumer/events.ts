import type { Outage, Recovery } from "../connection/status.ts";
import type { EventNames, ListenerFailure } from "../events.ts";
import type { Job } from "../job/job.ts";
import type { Discard, Snooze } from "./outcome.ts";
import type { AfterFailure } from "./run/failure.ts";

/** The events of a consumer; see `Consumer.on`. */
export interface ConsumerEvents {
  /** A handler starts. */
  start: { readonly job: Job };
  /** A handler succeeded, `elapsedMs` after its start. The result is reported next. */
  done: { readonly job: Job; readonly elapsedMs: number };
  /** A job failed. The result is reported next. */
  fail: JobFailed;
  /**
   * A job failed for the last time, and is kept among the dead, or moves to its dead letter queue.
   * Emitted after `fail`; alone if a stop gives up on the last attempt. The server emits nothing
   * for jobs that it fails itself, as their reservation ended.
   */
  dead: JobEnded & {
    /** The queue that it moves to, if its type has one. */
    readonly deadLetter: string | undefined;
  };
  /** As `dead`, for a job whose `retry` is 0: the server keeps nothing of it. */
  dropped: JobEnded;
  /** A handler discarded its job. The job is reported as done next. */
  discard: { readonly job: Job; readonly outcome: Discard; readonly elapsedMs: number };
  /** A handler snoozed its job. The job is enqueued again next. */
  snooze: { readonly job: Job; readonly outcome: Snooze; readonly elapsedMs: number };
  /**
   * A fetched job is requeued without a run, for five seconds later: its type is at its limit (only
   * the first jobs of a type on a queue), or its type has no handler here and is left to others, or
   * it has no retries and came after a stop's grace.
   */
  requeued: { readonly job: Job; readonly reason: "limit" | "unregistered" | "stopped" };
  /** A result could not be reported in time: the job will run again, or the server will fail it. */
  unreported: { readonly job: Job; readonly error: unknown };
  /**
   * A reservation is about to end while the handler still runs: the result of this run is not
   * reported. Or the reservation ended before the handler could start, as the machine slept: the
   * job does not run here.
   */
  expired: { readonly job: Job };
  /** The server refused a FETCH, or sent a job that cannot be read. */
  fetchError: { readonly error: unknown };
  /** The consumer enters this state. */
  state: { readonly state: ConsumerState };
  /**
   * Connections were lost, or the server is silent. Emitted once an outage, from the first
   * connection that is lost until all are back; and once more if no connection is tried any longer,
   * without `retryInMs`.
   */
  disconnect: Outage;
  /**
   * The outage that `disconnect` told of lasts: emitted once a minute, with how long it has lasted.
   */
  outage: { readonly error: Error; readonly outageMs: number };
  /** All connections are back. */
  reconnect: Recovery;
  /**
   * Nothing could run for `lagMs` milliseconds, heartbeats included: a handler blocked the event
   * loop, the machine slept, or its clock was set forward.
   */
  lag: { readonly lagMs: number };
  /** The machine's clock was set back. Reservations and limits go on as if it had not been. */
  clock: { readonly setBackMs: number };
  /**
   * Something that will not do what it seems to do, once a run. Codes: `ENTERPRISE_ONLY`;
   * `QUEUE_NOT_TAKEN` for each handler whose type the catalogue sends to a queue that is not in
   * `queues`; `PASSWORD_REFUSED`, `PASSWORD_REQUIRED` and `PASSWORD_UNAVAILABLE` if the password is
   * wrong when a connection is made again.
   */
  warning: { readonly code: string; readonly message: string };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

/** The names of {@linkcode ConsumerEvents}. */
export const CONSUMER_EVENTS = {
  start: true,
  done: true,
  fail: true,
  dead: true,
  dropped: true,
  discard: true,
  snooze: true,
  requeued: true,
  unreported: true,
  expired: true,
  fetchError: true,
  state: true,
  disconnect: true,
  outage: true,
  reconnect: true,
  lag: true,
  clock: true,
  warning: true,
  listenerError: true,
} as const satisfies EventNames<ConsumerEvents>;

/** A job that failed for the last time. */
export interface JobEnded {
  /** The job. */
  readonly job: Job;
  /** What the handler threw, or the outcome that it gave. */
  readonly error: unknown;
  /** How long it ran. */
  readonly elapsedMs: number;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
}

/** A failed run of a job, and what follows. */
export interface JobFailed extends JobEnded {
  /** Whether the job is retried. */
  readonly willRetry: boolean;
  /**
   * About when it is retried, by this machine's clock; `undefined` if it is not. The server adds a
   * random part to its own delays: this is their mean. After a `RetryAfter` or a `backoff` it is
   * exact, but the server looks for due jobs every five seconds.
   */
  readonly retryAt: Date | undefined;
  /** What becomes of the job: `retry`, `dead`, or `dropped` if its `retry` is 0. */
  readonly next: AfterFailure;
}

/**
 * Not started; fetching and running jobs; running jobs without fetching more; stopping; stopped.
 */
export type ConsumerState = "idle" | "running" | "quiet" | "stopping" | "stopped";
