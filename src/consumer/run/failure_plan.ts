import type { Emitter } from "../../events.ts";
import type { FailurePolicy } from "../../job/failure_policy.ts";
import type { Job } from "../../job/job.ts";
import type { ConsumerEvents } from "../events.ts";
import { asOutcome, checkSeconds, RetryAfter } from "../outcome.ts";
import { requeueCustomOf } from "../resumable/requeue_custom.ts";
import { type AfterFailure, afterFailure, attemptOf, serverDelay } from "./failure.ts";

/** The way to report a failed job. */
export interface FailurePlan {
  readonly next: AfterFailure;
  /** Seconds until the retry; `undefined` if the server decides, or if there is none. */
  readonly seconds: number | undefined;
  /** The queue to which the job moves instead of being dead. */
  readonly deadLetter: string | undefined;
}

/**
 * Decides how to report the failure of a job. Errors of a policy are emitted as `listenerError`,
 * and the policy is ignored.
 */
export function planFailure(
  job: Job,
  error: unknown,
  { policy = {}, events }: { policy: FailurePolicy | undefined; events: Emitter<ConsumerEvents> },
): FailurePlan {
  const next = afterFailure(job, error) ?? "retry";
  const { deadLetter } = policy;
  return {
    next,
    seconds: next === "retry" ? retrySeconds(job, error, { policy, events }) : undefined,
    deadLetter: next === "dead" && job.queue !== deadLetter ? deadLetter : undefined,
  };
}

function retrySeconds(
  job: Job,
  error: unknown,
  { policy, events }: { policy: FailurePolicy; events: Emitter<ConsumerEvents> },
): number | undefined {
  const requested = requestedSeconds(job, error, { policy, events });
  // The server's own retry would lose these keys.
  return requested ?? (requeueCustomOf(error) === undefined ? undefined : serverDelay(job));
}

function requestedSeconds(
  job: Job,
  error: unknown,
  { policy, events }: { policy: FailurePolicy; events: Emitter<ConsumerEvents> },
): number | undefined {
  const outcome = asOutcome(error);
  if (outcome instanceof RetryAfter) return checkSeconds("retry a job", outcome.seconds);
  try {
    const seconds = policy.backoff?.(attemptOf(job), error);
    return seconds === undefined ? undefined : checkSeconds("retry a job", seconds);
  } catch (error) {
    events.emit("listenerError", { event: "backoff", error });
    return undefined;
  }
}
