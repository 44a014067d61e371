import { InvalidArgumentError } from "../errors.ts";
import { brand } from "../brands.ts";
import { isError } from "../internal/kinds.ts";
import { showValue } from "../internal/show.ts";

/** The longest wait of a job, in seconds: a hundred years. */
const MAX_SECONDS = 100 * 365 * 86_400;

/** Options of an outcome. */
export interface CauseOptions {
  /** What the outcome follows on, such as the error of a service. @default none */
  readonly cause?: unknown;
}

/**
 * A result of a job other than "done" or "failed". A handler or a middleware throws it, or returns
 * it.
 *
 * @example Discard what can never succeed, and wait as long as a service asks for
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
 * Drops the job: it is acknowledged, so it is neither retried nor kept among the dead (ACK).
 *
 * @example Drop what is too late
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
 * Fails the job for good: it moves to the dead, where a person can look at it, whatever retries it
 * has left.
 *
 * That takes two commands (FAIL, then MUTATE, which moves it from the retries to the dead), so a
 * program that ends between them leaves the job to be retried. A job whose `retry` is 0 has nowhere
 * to be kept: the server drops it on FAIL.
 *
 * @example Leave a job to a person
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
 * Fails the job, and retries it after `seconds` in place of the server's own delay. It counts as
 * one of the job's retries; a job that has none left fails as by any other error.
 *
 * The job is enqueued again under its own jid for that time, and then acknowledged (PUSHB, then
 * ACK). A program that ends between them leaves both: the job may run once more than asked for,
 * never less. If the server refuses the job, it fails (FAIL). To Faktory Enterprise the first run
 * succeeded: a batch counts the job as done.
 *
 * Fewer than five seconds are five: an ACK goes by the job's id alone, and must not find the job
 * with its next worker.
 *
 * @example Wait as long as a service asks for
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
  /** Seconds until the retry. */
  readonly seconds: number;

  /**
   * Makes the outcome. The server keeps `message` as the job's failure; if there is a `cause`, also
   * the cause's type and stack, and by default its message.
   */
  constructor(seconds: number, message?: string, options?: CauseOptions) {
    super(message ?? messageOf(options) ?? "the handler asked to be called again later", options);
    this.seconds = checkSeconds("retry a job", seconds);
  }
}

/**
 * Puts the job off: it is enqueued again for `seconds` from now, and uses none of its retries. As
 * for {@linkcode RetryAfter}, that takes two commands (PUSHB, then ACK).
 *
 * @example Check again later, without a failure
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
  /** Seconds until the run. */
  readonly seconds: number;

  /** Makes the outcome. By default its message is that of the `cause`. */
  constructor(seconds: number, message?: string, options?: CauseOptions) {
    super(message ?? messageOf(options) ?? "the handler put the job off", options);
    this.seconds = checkSeconds("put a job off", seconds);
  }
}

/** The message of an outcome's cause; whatever was thrown may be one. */
function messageOf(options: CauseOptions | undefined): string | undefined {
  try {
    const cause = options?.cause;
    return isError(cause) && cause.message !== "" ? String(cause.message) : undefined;
  } catch {
    return undefined;
  }
}

brand({ Outcome, Discard, Kill, RetryAfter, Snooze });

/**
 * The value as an outcome, if it is one. Never throws: a handler may throw or return anything, such
 * as a revoked proxy.
 */
export function asOutcome(value: unknown): Outcome | undefined {
  try {
    return value instanceof Outcome ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The kind of outcome that the value is, if it is one. Never throws. */
export function outcomeKind(value: unknown): Outcome["kind"] | undefined {
  try {
    return asOutcome(value)?.kind;
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
