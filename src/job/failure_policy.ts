import { ConfigError } from "../errors.ts";
import { showText, showValue } from "../internal/show.ts";
import type { Job } from "./job.ts";
import { isQueueName } from "./queue_name.ts";

/** Options for failed jobs of a type. */
export interface FailurePolicy<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Type extends string = string,
> {
  /**
   * Returns the seconds until the next retry of a failed job, instead of the server's own delay;
   * `undefined` leaves the delay to the server. `attempt` is the number of the failed run, from 1.
   * `backoff` is not called if no retry is left, nor after a `RetryAfter`.
   *
   * As with `RetryAfter`, the retry is not atomic: the job is enqueued again, then acknowledged
   * (PUSH, then ACK). If the worker crashes between the two commands, the job runs once more than
   * it should.
   *
   * @default the server's delay, from 15 seconds to some days
   */
  readonly backoff?: ((attempt: number, error: unknown) => number | undefined) | undefined;
  /**
   * Called when a job failed for the last time, before the failure is reported: no retries are
   * left, the job was killed, or its `retry` is 0. It runs in the job's slot, and the report (FAIL)
   * waits for it. It is called at least once: if the worker crashes before the report, the job runs
   * again. If it throws, the consumer emits `listenerError` and still reports the job.
   *
   * It is not called if the worker is lost or the reservation ends, because then the server fails
   * the job without the worker.
   *
   * @default nothing
   */
  readonly onDead?: ((job: Job<Args, Type>, error: unknown) => unknown) | undefined;
  /**
   * The queue to which a job moves when it would otherwise be dead. It keeps its id and its last
   * failure, and arrives about five seconds later. A job that fails on that queue is dead. A job
   * whose `retry` is 0 is still dropped.
   *
   * Moving is not atomic: the job is enqueued on that queue, then acknowledged (PUSH, then ACK).
   * If the worker crashes between the two commands, the job is on that queue and also runs once
   * more from its old one. If the server refuses the job, it is dead as usual.
   *
   * @default none
   */
  readonly deadLetter?: string | undefined;
}

/** The names of the options of a policy. */
export const POLICY_NAMES: readonly string[] = ["backoff", "onDead", "deadLetter"];

/**
 * Checks the options of a policy and returns them without others; `undefined` if there are none.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkPolicy(type: string, options: FailurePolicy): FailurePolicy | undefined {
  const { backoff, onDead, deadLetter } = options;
  checkFunction(type, "backoff", backoff);
  checkFunction(type, "onDead", onDead);
  if (deadLetter !== undefined && !isQueueName(deadLetter)) {
    throw refused(type, "deadLetter", "the name of a queue", deadLetter);
  }
  if (backoff === undefined && onDead === undefined && deadLetter === undefined) return undefined;
  return { backoff, onDead, deadLetter };
}

function checkFunction(type: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw refused(type, name, "a function", value);
  }
}

function refused(type: string, name: string, wanted: string, value: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${name} of jobs of type ${showText(type)} as it is not ${wanted}: got ${
      showValue(value)
    }`,
  );
}
