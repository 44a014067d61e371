import { InvalidArgumentError } from "../errors.ts";
import { brand } from "../brands.ts";
import { isError } from "../internal/kinds.ts";
import { showValue } from "../internal/show.ts";

/** Longest delay of a job, in seconds: a hundred years. */
const MAX_SECONDS = 100 * 365 * 86_400;

/** Options of an outcome. */
export interface CauseOptions {
  /** The cause of the outcome, such as the error of a service. @default none */
  readonly cause?: unknown;
}

/**
 * A result of a job other than success or failure. A handler or a middleware throws or returns it.
 *
 * @example Discard a job that can never succeed, and wait as long as a service asks for
 * ```ts
 * import { Consumer, Discard, RetryAfter } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer();
 * consumer.register("notify", async (job: { args: [url: string] }, { signal }) => {
 *   const response = await fetch(job.args[0], { method: "POST", signal });
 *   if (response.status === 410) throw new Discard("the webhook does not exist any more");
 *   if (response.status === 429) {
 *     throw new RetryAfter(Number(response.headers.get("retry-after") ?? 60));
 *   }
 *   if (!response.ok) throw new Error(`got ${response.status}`);
 * });
 * ```
 */
export abstract class Outcome extends Error {
  /** The kind of outcome. */
  abstract readonly kind: "discard" | "kill" | "retry" | "snooze";
}

/**
 * Discards the job: it is acknowledged (ACK), so it is neither retried nor dead.
 *
 * @example Discard a job that is too late
 * ```ts
 * import { Consumer, Discard } from "@faktory-ts/faktory";
 *
 * new Consumer().register("remind", (job: { args: [until: number] }) => {
 *   if (job.args[0] < Date.now()) throw new Discard("too late");
 * });
 * ```
 */
export class Discard extends Outcome {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "Discard";
  /** The kind of outcome. */
  override readonly kind = "discard";
}

/**
 * Fails the job for good: it moves to the dead jobs, where a person can inspect it, even if it has
 * retries left.
 *
 * This takes two commands: FAIL, then MUTATE, which moves the job from the retries to the dead
 * jobs. If the program ends between them, the job is retried. A job whose `retry` is 0 cannot be
 * kept: the server drops it on FAIL.
 *
 * @example Leave a job to a person
 * ```ts
 * import { Consumer, Kill } from "@faktory-ts/faktory";
 *
 * new Consumer().register("charge", (job: { args: [cents: number] }) => {
 *   if (job.args[0] < 0) throw new Kill("negative amount");
 * });
 * ```
 */
export class Kill extends Outcome {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "Kill";
  /** The kind of outcome. */
  override readonly kind = "kill";
}

/**
 * Fails the job, and retries it after `seconds` instead of the server's own delay. It counts as one
 * of the job's retries. A job without retries left fails as with any other error.
 *
 * The job is enqueued again under the same jid, then acknowledged (PUSH, then ACK). If the program
 * ends between the two commands, the job may run once more than it should, but is not lost. If the
 * server refuses the job, it fails (FAIL). For Faktory Enterprise, the first run succeeded: a batch
 * counts the job as done.
 *
 * The minimum is five seconds. An ACK names only the job's id, so it must not arrive when another
 * worker already has the job.
 *
 * @example Wait as long as a service asks for
 * ```ts
 * import { Consumer, RetryAfter } from "@faktory-ts/faktory";
 *
 * new Consumer().register("notify", async (job: { args: [url: string] }) => {
 *   const response = await fetch(job.args[0]);
 *   if (response.status === 503) throw new RetryAfter(60, "the service is down");
 * });
 * ```
 */
export class RetryAfter extends Outcome {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "RetryAfter";
  /** The kind of outcome. */
  override readonly kind = "retry";
  /** Seconds until the retry. */
  readonly seconds: number;

  /**
   * Creates the outcome. The server stores `message` as the job's failure. With a `cause`, it also
   * stores the cause's type and stack; the default of `message` is then the cause's message.
   */
  constructor(seconds: number, message?: string, options?: CauseOptions) {
    super(message ?? messageOf(options) ?? "the handler asked for a retry", options);
    this.seconds = checkSeconds("retry a job", seconds);
  }
}

/**
 * Delays the job: it is enqueued again to run in `seconds`, without using one of its retries. As
 * with {@linkcode RetryAfter}, this takes two commands (PUSH, then ACK).
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
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "Snooze";
  /** The kind of outcome. */
  override readonly kind = "snooze";
  /** Seconds until the next run. */
  readonly seconds: number;

  /** Creates the outcome. The default of `message` is the message of the `cause`. */
  constructor(seconds: number, message?: string, options?: CauseOptions) {
    super(message ?? messageOf(options) ?? "the handler snoozed the job", options);
    this.seconds = checkSeconds("snooze a job", seconds);
  }
}

/** Returns the message of an outcome's cause, if it has one. The cause may be any value. */
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
 * Returns the value if it is an outcome. Never throws: a handler may throw or return any value,
 * such as a revoked proxy.
 */
export function asOutcome(value: unknown): Outcome | undefined {
  try {
    return value instanceof Outcome ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the kind of an outcome; `undefined` for other values. Never throws. */
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
