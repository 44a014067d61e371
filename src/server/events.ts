import { invalidOption } from "../connection/options.ts";
import type { Integer } from "./go/decode.ts";
import type { FailedTo } from "./hooks.ts";
import type { StoredFailure, StoredJob } from "./stored_job.ts";

/** Something that happened on a server, as plain data; see the option `onEvent`. */
export type ServerEvent = ClientEvent | ClientRefused | JobFailedEvent;

/** A client has connected and said HELLO, or is gone again. */
export interface ClientEvent {
  /** Which of the two. */
  readonly type: "connected" | "disconnected";
  /** Where the client is; `undefined` if it has no address. */
  readonly address: string | undefined;
  /** The id of the worker that the connection belongs to; `undefined` for a producer. */
  readonly wid: string | undefined;
  /** The name of its machine, as it says. */
  readonly hostname: string;
  /** How many connections its worker has now; 1 or 0 for a producer. */
  readonly connections: number;
}

/** A client was refused: its password is wrong or missing, or there are too many connections. */
export interface ClientRefused {
  /** Always this. */
  readonly type: "refused";
  /** Where the client is; `undefined` if it has no address. */
  readonly address: string | undefined;
  /** Why. */
  readonly reason: "password" | "connections";
}

/** A run of a job failed, or its reservation ended. */
export interface JobFailedEvent {
  /** Always this. */
  readonly type: "failed";
  /** The job's id. */
  readonly jid: string;
  /** The job's type. */
  readonly jobType: string;
  /** The queue that it came from. */
  readonly queue: string;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** The type of the error, such as `ReservationExpired`. */
  readonly errorType: string;
  /** The message of the error. */
  readonly message: string;
  /** What becomes of the job. */
  readonly next: "retry" | "dead" | "dropped";
}

/** Tells events to whoever listens. */
export type TellEvent = (event: ServerEvent) => void;

/**
 * Checks the option `onEvent`, and makes it safe to call: what a listener throws must not reach a
 * client.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkListener(onEvent: unknown): TellEvent | undefined {
  if (onEvent === undefined) return undefined;
  if (typeof onEvent !== "function") throw invalidOption("onEvent", "a function", onEvent);
  return (event) => {
    try {
      const result: unknown = onEvent(event);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // The listener's own matter.
    }
  };
}

const NEXTS: Readonly<Record<FailedTo, JobFailedEvent["next"]>> = {
  retries: "retry",
  dead: "dead",
  nowhere: "dropped",
};

/** The event of a failed job. */
export function failedEvent(
  { jid, jobtype, queue }: Pick<StoredJob, "jid" | "jobtype" | "queue">,
  { errtype, message, retry_count }: StoredFailure,
  to: FailedTo,
): JobFailedEvent {
  return {
    ...{ type: "failed", jid, jobType: jobtype, queue, attempt: attemptOf(retry_count) },
    ...{ errorType: errtype, message, next: NEXTS[to] },
  };
}

function attemptOf(retryCount: Integer): number {
  return Number(retryCount) + 1;
}
