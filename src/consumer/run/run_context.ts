import type { ServerClock } from "../../connection/server_clock.ts";
import { InvalidArgumentError, JobAbortedError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import { monotonic } from "../../internal/monotonic_clock.ts";
import { showValue } from "../../internal/show.ts";
import type { Job } from "../../job/job.ts";
import type { Producer } from "../../producer/producer.ts";
import type { JobContext } from "../handler.ts";
import { type Logger, type LoggerLike, scopedLogger } from "../logger.ts";
import { attemptOf } from "./failure.ts";
import { isStopping } from "../session/context.ts";
import type { Phase } from "../session/stop_phases.ts";
import type { Tracker } from "./progress.ts";

/** Longest reservation, in seconds. */
const MAX_RESERVE_SECONDS = 86_400;

/** The parts that the contexts of all runs share. */
export interface SharedContext {
  readonly producer: Producer;
  readonly clock: Clock;
  readonly serverClock: Pick<ServerClock, "now" | "fresh">;
  readonly tracker: Tracker;
  /** The phase of the session, if there is one. */
  readonly phase?: Phase;
  readonly settings: { readonly logger: LoggerLike | undefined };
}

/**
 * Aborts the signal of a context, once. This is not a method, as handlers must not be able to call
 * it.
 */
export let abortContext: (context: RunContext, reason: JobAbortedError) => void;

/**
 * Returns the consumer's part of a handler's context; `undefined` for a value that is not a context
 * of a consumer.
 */
export let sharedPartOf: (
  context: unknown,
) => { readonly clock: Clock; isStopping(): boolean } | undefined;

/**
 * Returns the end of the reservation that `extend` got from the server, by the monotonic clock;
 * `undefined` if it got none.
 */
export let extensionOf: (context: RunContext) => number | undefined;

/** Parts of a context that are created when a handler uses them. Most handlers use none. */
class LazyParts {
  abort: AbortController | undefined;
  reason: JobAbortedError | undefined;
  log: Logger | undefined;
  extendedTo: number | undefined;
}

/** The second argument of a handler. */
export class RunContext implements JobContext {
  readonly #job: Job;
  readonly #shared: SharedContext;
  #lazyParts: LazyParts | undefined;

  // With a static block, bundlers would keep the class in programs without a consumer. A `#private`
  // field that is not read is removed by some minifiers.
  static readonly hasAccess: boolean = /* @__PURE__ */ (() => {
    abortContext = (context, reason) => {
      const parts = context.#parts();
      if (parts.reason !== undefined) return;
      parts.reason = reason;
      parts.abort?.abort(reason);
    };
    sharedPartOf = (context) => {
      if (typeof context !== "object" || context === null || !(#shared in context)) {
        return undefined;
      }
      const shared = context.#shared;
      return {
        clock: shared.clock,
        isStopping: () => shared.phase !== undefined && isStopping(shared.phase),
      };
    };
    extensionOf = (context) => context.#lazyParts?.extendedTo;
    return true;
  })();

  constructor(job: Job, shared: SharedContext) {
    this.#job = job;
    this.#shared = shared;
  }

  get signal(): AbortSignal {
    const parts = this.#parts();
    if (parts.abort === undefined) {
      parts.abort = new AbortController();
      if (parts.reason !== undefined) parts.abort.abort(parts.reason);
    }
    return parts.abort.signal;
  }

  get attempt(): number {
    return attemptOf(this.#job);
  }

  get producer(): Producer {
    return this.#shared.producer;
  }

  get log(): Logger {
    const { jid, type, queue } = this.#job;
    return this.#parts().log ??= scopedLogger(this.#shared.settings.logger, {
      ...{ jid, type, queue, attempt: this.attempt },
    });
  }

  // Functions instead of methods, because handlers destructure their context.

  get progress(): JobContext["progress"] {
    return (percent, text) => ignoreRejection(this.#track(percent, text));
  }

  get extend(): JobContext["extend"] {
    return (seconds) => ignoreRejection(this.#extend(seconds));
  }

  #parts(): LazyParts {
    return this.#lazyParts ??= new LazyParts();
  }

  async #track(percent: unknown, text: unknown): Promise<boolean> {
    if (!(Number.isInteger(percent) && (percent as number) >= 0 && (percent as number) <= 100)) {
      throw invalid("set progress", "percent is not an integer from 0 to 100", percent);
    }
    if (text !== undefined && typeof text !== "string") {
      throw invalid("set progress", "the text is not a string", text);
    }
    const { jid } = this.#job;
    return await this.#shared.tracker.track({ jid, percent: percent as number, text });
  }

  async #extend(seconds: unknown): Promise<boolean> {
    if (!(typeof seconds === "number" && seconds > 0 && seconds <= MAX_RESERVE_SECONDS)) {
      const wanted = `seconds is not a number above 0 and at most ${MAX_RESERVE_SECONDS}`;
      throw invalid("extend the reservation", wanted, seconds);
    }
    const { serverClock, clock, tracker } = this.#shared;
    await serverClock.fresh();
    const deadline = monotonic(clock).now() + seconds * 1000;
    const reserveUntil = new Date(serverClock.now() + seconds * 1000);
    const isStored = await tracker.track({ jid: this.#job.jid, reserveUntil });
    if (isStored) {
      const parts = this.#parts();
      parts.extendedTo = Math.max(parts.extendedTo ?? deadline, deadline);
    }
    return isStored;
  }
}

/**
 * Returns the time limit of a job, in milliseconds: its own (`custom.timeoutMs`), or else that of
 * its type.
 */
export function timeLimitOf({ custom }: Job, ofType: number | undefined): number | undefined {
  const timeoutMs = custom["timeoutMs"];
  return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : ofType;
}

/** Aborts the context after `timeoutMs`. Returns a function that cancels this. */
export function limitTime(
  context: RunContext,
  { jid }: Job,
  { timeoutMs, clock }: { timeoutMs: number; clock: Clock },
): () => void {
  return clock.after(timeoutMs, () => {
    abortContext(
      context,
      new JobAbortedError("TIMED_OUT", `Job ${jid} took longer than ${timeoutMs} ms`),
    );
  });
}

/** Returns a promise that need not be awaited: its rejection does not end the program. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function invalid(action: string, reason: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${action} as ${reason}: got ${showValue(value)}`,
  );
}
