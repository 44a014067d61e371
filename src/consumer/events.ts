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
  fail: FailedAttempt;
  /**
   * A job failed for the last time. It is dead, or moves to its dead letter queue. Emitted after
   * `fail`, or without `fail` if a stop gives up on the last attempt. Not emitted for jobs that the
   * server fails because their reservation ended.
   */
  dead: FailedJob & {
    /** The dead letter queue, if the job's type has one. */
    readonly deadLetter: string | undefined;
  };
  /** A job whose `retry` is 0 failed. The server does not keep it. */
  dropped: FailedJob;
  /** A handler discarded its job. The job is reported as done next. */
  discard: { readonly job: Job; readonly outcome: Discard; readonly elapsedMs: number };
  /** A handler snoozed its job. The job is requeued next. */
  snooze: { readonly job: Job; readonly outcome: Snooze; readonly elapsedMs: number };
  /**
   * A fetched job is requeued without a run, to run five seconds later. The reason is `limit` if
   * its type is at its limit (only for the first jobs of a type on a queue), `unregistered` if its
   * type has no handler here and `unregistered` is `"leave"`, or `stopped` if it has no retries and
   * arrived after the grace period of a stop.
   */
  requeued: { readonly job: Job; readonly reason: "limit" | "unregistered" | "stopped" };
  /**
   * A result could not be reported in time. The job will run again, or the server will fail it.
   * While there is no connection, the event comes after the next attempt to connect, up to
   * `reconnect.maxMs` and `connectTimeoutMs` after the reservation has ended.
   */
  unreported: { readonly job: Job; readonly error: unknown };
  /**
   * A reservation is about to end while the handler still runs: the result of this run is not
   * reported. Or the reservation ended before the handler started, for example because the machine
   * slept: the job does not run here.
   */
  expired: { readonly job: Job };
  /** The server refused a FETCH, or sent an invalid job. */
  fetchError: { readonly error: unknown };
  /** The consumer's state has changed. */
  state: { readonly state: ConsumerState };
  /**
   * Connections were lost, or the server does not respond. Emitted once per outage, which lasts
   * until all connections are restored. Emitted once more without `retryInMs` when the consumer
   * stops reconnecting.
   */
  disconnect: Outage;
  /** Emitted once a minute during an outage, with its duration so far. */
  outage: { readonly error: Error; readonly outageMs: number };
  /** All connections are restored. */
  reconnect: Recovery;
  /**
   * The event loop was blocked for `lagMs` milliseconds, so no heartbeat could be sent either: a
   * handler blocked it, the machine slept, or its clock was set forward.
   */
  lag: { readonly lagMs: number };
  /** The machine's clock was set back. Reservations and limits are not affected. */
  clock: { readonly setBackMs: number };
  /**
   * Something does not work as the program may expect. Emitted once per run for each code:
   * `ENTERPRISE_ONLY`; `QUEUE_NOT_FETCHED` for each handler whose jobs the catalogue sends to a queue
   * that is not in `queues`; `PASSWORD_REFUSED`, `PASSWORD_REQUIRED` and `PASSWORD_UNAVAILABLE` if
   * the password is wrong while reconnecting.
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

/** A failed job: the detail of the events `dead` and `dropped`, and a part of that of `fail`. */
export interface FailedJob {
  /** The job. */
  readonly job: Job;
  /** The error that the handler threw, or its outcome. */
  readonly error: unknown;
  /** Duration of the run, in milliseconds. */
  readonly elapsedMs: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
}

/** A failed job, and its next state: the detail of the event `fail`. */
export interface FailedAttempt extends FailedJob {
  /** True if the job will be retried. */
  readonly willRetry: boolean;
  /**
   * Approximate time of the retry, by this machine's clock; `undefined` if there is none. The
   * server adds a random part to its own delays, and this is the mean. After a `RetryAfter` or a
   * `backoff` it is exact, but the server looks for due jobs only every five seconds.
   */
  readonly retryAt: Date | undefined;
  /** The job's next state: `retry`, `dead`, or `dropped` if its `retry` is 0. */
  readonly next: AfterFailure;
}

/**
 * A consumer's state: not started, fetching and running jobs, running jobs without fetching more,
 * stopping, or stopped.
 */
export type ConsumerState = "idle" | "running" | "quiet" | "stopping" | "stopped";
