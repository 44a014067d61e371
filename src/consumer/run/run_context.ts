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

/** The longest reservation, in seconds. */
const MAX_RESERVE_SECONDS = 86_400;

/** What the contexts of all runs share. */
export interface RunHost {
  readonly producer: Producer;
  readonly clock: Clock;
  readonly serverClock: Pick<ServerClock, "now" | "fresh">;
  readonly tracker: Tracker;
  /** That of the session, if there is one. */
  readonly phase?: Phase;
  readonly settings: { readonly logger: LoggerLike | undefined };
}

/**
 * Aborts the signal of a context, once. A handler must not be able to do that, so it is no method.
 */
export let abortContext: (context: RunContext, reason: JobAbortedError) => void;

/**
 * What a handler's context knows of its consumer; `undefined` for a context that is none of a
 * consumer's.
 */
export let hostOf: (
  context: unknown,
) => { readonly clock: Clock; isStopping(): boolean } | undefined;

/**
 * When the reservation ends that `extend` got from the server, by the monotonic clock; `undefined` if
 * it got none.
 */
export let extensionOf: (context: RunContext) => number | undefined;

/** What a context makes when a handler asks for it: most handlers use none of it. */
class Extras {
  abort: AbortController | undefined;
  reason: JobAbortedError | undefined;
  log: Logger | undefined;
  extendedTo: number | undefined;
}

/** What a handler is given beside its job. */
export class RunContext implements JobContext {
  readonly #job: Job;
  readonly #host: RunHost;
  #extras: Extras | undefined;

  static {
    abortContext = (context, reason) => {
      const extras = context.#made();
      if (extras.reason !== undefined) return;
      extras.reason = reason;
      extras.abort?.abort(reason);
    };
    hostOf = (context) => {
      if (typeof context !== "object" || context === null || !(#host in context)) return undefined;
      const host = context.#host;
      return {
        clock: host.clock,
        isStopping: () => host.phase !== undefined && isStopping(host.phase),
      };
    };
    extensionOf = (context) => context.#extras?.extendedTo;
  }

  constructor(job: Job, host: RunHost) {
    this.#job = job;
    this.#host = host;
  }

  get signal(): AbortSignal {
    const extras = this.#made();
    if (extras.abort === undefined) {
      extras.abort = new AbortController();
      if (extras.reason !== undefined) extras.abort.abort(extras.reason);
    }
    return extras.abort.signal;
  }

  get attempt(): number {
    return attemptOf(this.#job);
  }

  get producer(): Producer {
    return this.#host.producer;
  }

  get log(): Logger {
    const { jid, type, queue } = this.#job;
    return this.#made().log ??= scopedLogger(this.#host.settings.logger, {
      ...{ jid, type, queue, attempt: this.attempt },
    });
  }

  // Functions, as handlers take their context apart.

  get progress(): JobContext["progress"] {
    return (percent, text) => handled(this.#track(percent, text));
  }

  get extend(): JobContext["extend"] {
    return (seconds) => handled(this.#extend(seconds));
  }

  #made(): Extras {
    return this.#extras ??= new Extras();
  }

  async #track(percent: unknown, text: unknown): Promise<boolean> {
    if (!(Number.isInteger(percent) && (percent as number) >= 0 && (percent as number) <= 100)) {
      throw invalid("tell progress", "percent is not an integer from 0 to 100", percent);
    }
    if (text !== undefined && typeof text !== "string") {
      throw invalid("tell progress", "its text is not a string", text);
    }
    const { jid } = this.#job;
    return await this.#host.tracker.track({ jid, percent: percent as number, text });
  }

  async #extend(seconds: unknown): Promise<boolean> {
    if (!(typeof seconds === "number" && seconds > 0 && seconds <= MAX_RESERVE_SECONDS)) {
      const wanted = `seconds is not a number above 0, ${MAX_RESERVE_SECONDS} at most`;
      throw invalid("extend the reservation", wanted, seconds);
    }
    const { serverClock, clock, tracker } = this.#host;
    await serverClock.fresh();
    const deadline = monotonic(clock).now() + seconds * 1000;
    const reserveUntil = new Date(serverClock.now() + seconds * 1000);
    const isTaken = await tracker.track({ jid: this.#job.jid, reserveUntil });
    if (isTaken) {
      const extras = this.#made();
      extras.extendedTo = Math.max(extras.extendedTo ?? deadline, deadline);
    }
    return isTaken;
  }
}

/**
 * How long a job may run, in milliseconds: as the job itself says (`custom.timeoutMs`), else as its
 * type does.
 */
export function timeLimitOf({ custom }: Job, ofType: number | undefined): number | undefined {
  const timeoutMs = custom["timeoutMs"];
  return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : ofType;
}

/** Aborts the context after `timeoutMs`; the function returned cancels that. */
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

/** A promise that need not be awaited: its rejection does not end the program. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function invalid(action: string, reason: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${action} as ${reason}: got ${showValue(value)}`,
  );
}
