import { type Cargo, carry, type Ends } from "../../internal/layers.ts";
import { isThenable } from "../../internal/thenable.ts";
import type { Job } from "../../job/job.ts";
import type { StandardSchema } from "../../job/standard_schema.ts";
import { validateArgs } from "../../job/validate.ts";
import { withArgs } from "../../job/with_args.ts";
import type { ConsumerObserver } from "../../producer/producer.ts";
import type { Handler, JobContext } from "../handler.ts";
import type { ConsumerMiddleware } from "../middleware.ts";
import { asOutcome } from "../outcome.ts";

/**
 * Runs a job, and calls `ends` once with the result. An outcome is a failure, whether it was thrown
 * or returned. A runner may throw, but only before it has called `ends`.
 *
 * By callbacks, so that the layers around a handler cost no promise each.
 */
export type Runner = (job: Job, context: JobContext, ends: Ends<unknown>) => void;

/** Calls a runner; `ends` hears of it if that throws. */
export function invoke(run: Runner, job: Job, context: JobContext, ends: Ends<unknown>): void {
  try {
    run(job, context, ends);
  } catch (error) {
    ends.reject(error);
  }
}

/** Has an observer see the run. */
export function observed(observer: ConsumerObserver, run: Runner): Runner {
  return (job, context, ends) => {
    const next = () => new Promise((resolve, reject) => run(job, context, { resolve, reject }));
    Promise.resolve(observer.run(job, context.attempt, next))
      .then((value) => ends.resolve(value), (error) => ends.reject(error));
  };
}

/** Calls a handler. */
export function calling(handler: Handler): Runner {
  return (job, context, ends) => {
    const result: unknown = handler(job, context);
    if (!isThenable(result)) return conclude(result, ends);
    Promise.resolve(result).then(
      (value) => conclude(value, ends),
      (error) => ends.reject(error),
    );
  };
}

/** Has the job pass `middleware`; the first is the outermost. */
export function within(middleware: readonly ConsumerMiddleware[], run: Runner): Runner {
  return (job, context, ends) => carry(new Passing(middleware, run, job, context), ends);
}

/**
 * Runs the job with the arguments that `schema` makes of its own, or fails it if they do not fit.
 * The consumer itself keeps the job as it came: that is what it enqueues again.
 */
export function checked(schema: StandardSchema<readonly unknown[]>, run: Runner): Runner {
  return (job, context, ends) => {
    const { jid, type } = job;
    const args = validateArgs(schema, job.args, { action: `run job ${jid}`, type });
    const go = (args: readonly unknown[]) => run(withArgs(job, args as unknown[]), context, ends);
    if (!(args instanceof Promise)) return go(args);
    args.then(go).catch((error) => ends.reject(error));
  };
}

/** A job that passes the middleware. */
class Passing implements Cargo<unknown> {
  readonly #middleware: readonly ConsumerMiddleware[];
  readonly #run: Runner;
  readonly #job: Job;
  readonly #context: JobContext;

  constructor(
    middleware: readonly ConsumerMiddleware[],
    run: Runner,
    job: Job,
    context: JobContext,
  ) {
    this.#middleware = middleware;
    this.#run = run;
    this.#job = job;
    this.#context = context;
  }

  get layers(): number {
    return this.#middleware.length;
  }

  enter(index: number, next: () => Promise<unknown>): unknown {
    return this.#middleware[index]!(this.#job, this.#context, next);
  }

  changed(): void {}

  work(ends: Ends<unknown>): void {
    this.#run(this.#job, this.#context, ends);
  }

  /** An outcome is no success: to the middleware around it is an error. */
  valueOf(result: unknown): unknown {
    if (asOutcome(result) !== undefined) throw result;
    return result;
  }
}

function conclude(value: unknown, ends: Ends<unknown>): void {
  if (asOutcome(value) !== undefined) ends.reject(value);
  else ends.resolve(value);
}
