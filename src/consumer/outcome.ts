import { InvalidArgumentError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** The longest that a job can be put off, in seconds: a hundred years. */
const MAX_SECONDS = 100 * 365 * 86_400;

/**
 * What is to become of a job other than "done" or "failed". A handler or a middleware throws it, or returns it.
 *
 * @example Give up what can never succeed, and wait where a service asks for it
 * ```ts
 * import { Consumer, Discard, RetryAfter } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer();
 * consumer.register("notify", async (job: { args: [url: string] }, { signal }) => {
 *   const response = await fetch(job.args[0], { method: "POST", signal });
 *   if (response.status === 410) throw new Discard("nobody listens there any longer");
 *   if (response.status === 429) {
 *     throw new RetryAfter(Number(response.headers.get("retry-after") ?? 60));
 *   }
 *   if (!response.ok) throw new Error(`got ${response.status}`);
 * });
 * ```
 */
export abstract class Outcome extends Error {
  /** Which outcome it is. */
  abstract readonly kind: "discard" | "kill" | "retry" | "snooze";
}

/**
 * The job is done with, though nothing came of it: no retry, no trace among the dead (ACK).
 *
 * @example What nobody wants any more
 * ```ts
 * import { Consumer, Discard } from "@faktory-ts/faktory";
 *
 * new Consumer().register("remind", (job: { args: [until: number] }) => {
 *   if (job.args[0] < Date.now()) throw new Discard("it is too late for that");
 * });
 * ```
 */
export class Discard extends Outcome {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "Discard";
  /** Which outcome it is. */
  override readonly kind = "discard";
}

/**
 * The job failed for good: it goes to the dead, where a person may look at it, whatever retries it has left.
 *
 * That takes two commands (FAIL, then MUTATE, which moves it from the retries to the dead), so a program that ends between
 * them leaves the job to be retried. A job whose `retry` is 0 has nowhere to be kept: the server drops it on FAIL.
 *
 * @example What somebody has to look at
 * ```ts
 * import { Consumer, Kill } from "@faktory-ts/faktory";
 *
 * new Consumer().register("charge", (job: { args: [cents: number] }) => {
 *   if (job.args[0] < 0) throw new Kill("nobody is charged less than nothing");
 * });
 * ```
 */
export class Kill extends Outcome {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "Kill";
  /** Which outcome it is. */
  override readonly kind = "kill";
}

/**
 * The job failed, and is to be tried again after `seconds` instead of when the server would: it counts as one of the job's
 * retries, and a job that has none left is failed as by any other error.
 *
 * The job is enqueued again under its own jid for that time, and then acknowledged (PUSHB, then ACK). A program that ends
 * between them leaves both: the job may run once more than asked for, never less. Where the server refuses the job it is
 * failed (FAIL). To Faktory Enterprise the first run succeeded: a batch counts the job as done.
 *
 * Fewer than five seconds are five: an ACK goes by the job's id alone, and must not find the job with its next worker.
 *
 * @example As long as a service asks for
 * ```ts
 * import { Consumer, RetryAfter } from "@faktory-ts/faktory";
 *
 * new Consumer().register("notify", async (job: { args: [url: string] }) => {
 *   const response = await fetch(job.args[0]);
 *   if (response.status === 503) throw new RetryAfter(60, "it is down");
 * });
 * ```
 */
export class RetryAfter extends Outcome {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "RetryAfter";
  /** Which outcome it is. */
  override readonly kind = "retry";
  /** Seconds until it is to be tried again. */
  readonly seconds: number;

  /** Makes the outcome; `message` is kept with the job as its failure's. */
  constructor(seconds: number, message = "the handler asked to be called again later") {
    super(message);
    this.seconds = checkSeconds("retry a job", seconds);
  }
}

/**
 * The job is not to be run yet: it is enqueued again for `seconds` from now, and has used none of its retries. What is said of
 * {@linkcode RetryAfter} about the two commands (PUSHB, then ACK) holds here as well.
 *
 * @example Look again later, and count no failure
 * ```ts
 * import { Consumer, Snooze } from "@faktory-ts/faktory";
 *
 * new Consumer().register("await export", (job: { args: [readyAt: number] }) => {
 *   if (job.args[0] > Date.now()) throw new Snooze(30);
 * });
 * ```
 */
export class Snooze extends Outcome {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "Snooze";
  /** Which outcome it is. */
  override readonly kind = "snooze";
  /** Seconds until it is to be run. */
  readonly seconds: number;

  /** Makes the outcome. */
  constructor(seconds: number, message = "the handler put the job off") {
    super(message);
    this.seconds = checkSeconds("put a job off", seconds);
  }
}

/** The value as an outcome, if it is one. Never throws: a handler may throw or return anything, such as a revoked proxy. */
export function asOutcome(value: unknown): Outcome | undefined {
  try {
    return value instanceof Outcome ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {InvalidArgumentError} `INVALID_ARGUMENT`. */
export function checkSeconds(action: string, seconds: unknown): number {
  if (typeof seconds === "number" && seconds >= 0 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${action} as seconds is not a number from 0 to ${MAX_SECONDS}: got ${
      showValue(seconds)
    }`,
  );
}
