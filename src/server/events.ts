import { invalidOption } from "../connection/options.ts";
import type { Integer } from "./go/decode.ts";
import type { FailedTo } from "./hooks.ts";
import type { StoredFailure, StoredJob } from "./stored_job.ts";

/** An event of a server, as plain data. See the option `onEvent`. */
export type ServerEvent = ClientEvent | ClientRefused | JobFailedEvent;

/** A client has connected and sent HELLO, or has disconnected. */
export interface ClientEvent {
  /** The kind of event. */
  readonly type: "connected" | "disconnected";
  /** The client's IP address. `undefined` if it has none. */
  readonly address: string | undefined;
  /** The id of the worker that opened the connection. `undefined` for a producer. */
  readonly wid: string | undefined;
  /** The client's host name, as sent in HELLO. */
  readonly hostname: string;
  /** Number of connections that the worker now has. For a producer, 1 or 0. */
  readonly connections: number;
}

/** A client was refused: its password is wrong or missing, or there are too many connections. */
export interface ClientRefused {
  /** The kind of event. */
  readonly type: "refused";
  /** The client's IP address. `undefined` if it has none. */
  readonly address: string | undefined;
  /** The cause: wrong or missing password, or too many connections. */
  readonly reason: "password" | "connections";
}

/** A run of a job failed, or its reservation expired. */
export interface JobFailedEvent {
  /** The kind of event. */
  readonly type: "failed";
  /** The job's id. */
  readonly jid: string;
  /** The job's type. */
  readonly jobType: string;
  /** The job's queue. */
  readonly queue: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The type of the error, such as `ReservationExpired`. */
  readonly errorType: string;
  /** The message of the error. */
  readonly message: string;
  /** The next step: the job is retried, moved to the dead set, or dropped. */
  readonly next: "retry" | "dead" | "dropped";
}

/** Sends an event to the listener. */
export type EmitEvent = (event: ServerEvent) => void;

/**
 * Checks the option `onEvent`, and wraps it: errors of the listener must not reach a client.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkListener(onEvent: unknown): EmitEvent | undefined {
  if (onEvent === undefined) return undefined;
  if (typeof onEvent !== "function") throw invalidOption("onEvent", "a function", onEvent);
  return (event) => {
    try {
      const result: unknown = onEvent(event);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Errors of the listener are ignored.
    }
  };
}

const NEXT_STEPS: Readonly<Record<FailedTo, JobFailedEvent["next"]>> = {
  retries: "retry",
  dead: "dead",
  nowhere: "dropped",
};

/** Builds the event of a failed job. */
export function failedEvent(
  { jid, jobtype, queue }: Pick<StoredJob, "jid" | "jobtype" | "queue">,
  { errtype, message, retry_count }: StoredFailure,
  to: FailedTo,
): JobFailedEvent {
  return {
    ...{ type: "failed", jid, jobType: jobtype, queue, attempt: attemptOf(retry_count) },
    ...{ errorType: errtype, message, next: NEXT_STEPS[to] },
  };
}

function attemptOf(retryCount: Integer): number {
  return Number(retryCount) + 1;
}
