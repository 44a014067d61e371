import type { Emitter } from "../../events.ts";
import type { FailurePolicy } from "../../job/failure_policy.ts";
import type { Job } from "../../job/job.ts";
import type { ConsumerEvents } from "../events.ts";
import { asOutcome, checkSeconds, RetryAfter } from "../outcome.ts";
import { requeueCustomOf } from "../resumable/requeue_custom.ts";
import { type AfterFailure, afterFailure, attemptOf, serverDelay } from "./failure.ts";

/** How a failed job is reported. */
export interface FailurePlan {
  readonly next: AfterFailure;
  /** Seconds until the retry; `undefined` if the server decides, or there is none. */
  readonly seconds: number | undefined;
  /** The queue that the job moves to in place of the dead. */
  readonly deadLetter: string | undefined;
}

/**
 * Decides how the failure of a job is reported. A policy that cannot be used is told by
 * `listenerError`, and left out.
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
  const own = ownSeconds(job, error, { policy, events });
  // The server would forget what the job is to carry.
  return own ?? (requeueCustomOf(error) === undefined ? undefined : serverDelay(job));
}

function ownSeconds(
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
