import { InvalidArgumentError, JobAbortedError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Ends } from "../internal/layers.ts";
import { showValue } from "../internal/show.ts";
import type { Job } from "../job/job.ts";
import type { Producer } from "../producer/producer.ts";
import type { Progress } from "../protocol/commands/enterprise.ts";
import { attemptOf } from "./failure.ts";
import type { JobContext } from "./handler.ts";
import type { Logger } from "./logger.ts";
import type { Expiring } from "./reservations.ts";
import type { Runner } from "./runner.ts";

/** The longest reservation, in seconds. */
const MAX_RESERVE_SECONDS = 86_400;

/** What the owner of a run hears of it. */
export interface ExecutionOwner {
  /** The handler ended; `failure` is there where it failed. */
  finished(execution: Execution, failure: { readonly error: unknown } | undefined): void;
  /** The reservation is about to end. */
  expired(execution: Execution): void;
  /** Tells the server of progress; whether it took it. */
  track(progress: Progress): Promise<boolean>;
  /** The reservation lasts until then, in milliseconds since 1970. */
  extended(execution: Execution, until: number): void;
  producer(): Producer;
  log(execution: Execution): Logger;
  now(): number;
}

/** One run of one job: its handler, its deadline and its signal. */
export class Execution implements JobContext, Expiring {
  readonly job: Job;
  /** When nothing may be told about this run any longer, in milliseconds since 1970. */
  deadline: number;
  readonly startedAt: number;
  /** What became of it was told, or may not be told any longer. */
  isSettled = false;
  readonly #owner: ExecutionOwner;
  // Made when asked for: most handlers never do.
  #abort: AbortController | undefined;
  #reason: JobAbortedError | undefined;
  #log: Logger | undefined;
  #cancelLimit: (() => void) | undefined;

  constructor(job: Job, times: { deadline: number; startedAt: number }, owner: ExecutionOwner) {
    this.job = job;
    this.deadline = times.deadline;
    this.startedAt = times.startedAt;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get attempt(): number {
    return attemptOf(this.job);
  }

  get producer(): Producer {
    return this.#owner.producer();
  }

  get log(): Logger {
    return this.#log ??= this.#owner.log(this);
  }

  // Functions, as handlers take their context apart; getters, as most handlers use none of them.

  get progress(): JobContext["progress"] {
    return (percent, text) => handled(this.#tellProgress(percent, text));
  }

  get extend(): JobContext["extend"] {
    return (seconds) => handled(this.#extend(seconds));
  }

  async #tellProgress(percent: unknown, text: unknown): Promise<boolean> {
    if (!(Number.isInteger(percent) && (percent as number) >= 0 && (percent as number) <= 100)) {
      throw invalid("tell progress", "percent is not an integer from 0 to 100", percent);
    }
    if (text !== undefined && typeof text !== "string") {
      throw invalid("tell progress", "its text is not a string", text);
    }
    const { jid } = this.job;
    return await this.#owner.track({ jid, percent: percent as number, text });
  }

  async #extend(seconds: unknown): Promise<boolean> {
    if (!(typeof seconds === "number" && seconds > 0 && seconds <= MAX_RESERVE_SECONDS)) {
      const wanted = `seconds is not a number above 0, ${MAX_RESERVE_SECONDS} at most`;
      throw invalid("extend the reservation", wanted, seconds);
    }
    const until = this.#owner.now() + seconds * 1000;
    const reserveUntil = new Date(until);
    const isTaken = await this.#owner.track({ jid: this.job.jid, reserveUntil });
    if (isTaken) this.#owner.extended(this, until);
    return isTaken;
  }

  /** Asks the handler to end if it has not by itself after `timeoutMs`. */
  limit(timeoutMs: number, clock: Clock): void {
    this.#cancelLimit = clock.after(timeoutMs, () => {
      this.abort(
        new JobAbortedError("TIMED_OUT", `Job ${this.job.jid} took longer than ${timeoutMs} ms`),
      );
    });
  }

  /** Nothing is to happen to it any longer. */
  ended(): void {
    this.#cancelLimit?.();
  }

  /** Has the job run. However that ends, the owner hears of it, once. */
  run(run: Runner): void {
    const ends = new RunEnds(this);
    try {
      run(this.job, this, ends);
    } catch (error) {
      ends.reject(error);
    }
  }

  /** @internal */
  finish(failure: { readonly error: unknown } | undefined): void {
    this.#cancelLimit?.();
    this.#owner.finished(this, failure);
  }

  /** Asks the handler to end. */
  abort(reason: JobAbortedError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#abort?.abort(reason);
  }

  expire(): void {
    this.abort(
      new JobAbortedError(
        "RESERVATION_EXPIRED",
        `The reservation of job ${this.job.jid} ends before its handler does`,
      ),
    );
    this.#owner.expired(this);
  }
}

/** Not the run itself, which handlers get to see: `context.resolve()` must not do something. */
class RunEnds implements Ends<unknown> {
  readonly #execution: Execution;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  resolve(): void {
    this.#execution.finish(undefined);
  }

  reject(error: unknown): void {
    this.#execution.finish({ error });
  }
}

/** A promise that may be left alone: a rejection that nobody waits for must not end the program. */
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
