import { type Completion, runTask, type Task } from "../../internal/middleware.ts";
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
 * Runs a job, and calls `completion` once with the result. An outcome counts as a failure, thrown
 * or returned. A runner may throw, but only before it has called `completion`.
 *
 * This uses callbacks, so that the layers around a handler do not each cost a promise.
 */
export type Runner = (job: Job, context: JobContext, completion: Completion<unknown>) => void;

/** Calls a runner. If it throws, `completion` gets the error. */
export function invoke(
  run: Runner,
  job: Job,
  context: JobContext,
  completion: Completion<unknown>,
): void {
  try {
    run(job, context, completion);
  } catch (error) {
    completion.reject(error);
  }
}

/** Wraps a runner in a call of the observer. */
export function withObserver(observer: ConsumerObserver, run: Runner): Runner {
  return (job, context, completion) => {
    const next = () => new Promise((resolve, reject) => run(job, context, { resolve, reject }));
    Promise.resolve(observer.run(job, context.attempt, next))
      .then((value) => completion.resolve(value), (error) => completion.reject(error));
  };
}

/** Creates a runner that calls a handler. */
export function handlerRunner(handler: Handler): Runner {
  return (job, context, completion) => {
    const result: unknown = handler(job, context);
    if (!isThenable(result)) return conclude(result, completion);
    Promise.resolve(result).then(
      (value) => conclude(value, completion),
      (error) => completion.reject(error),
    );
  };
}

/** Wraps a runner in middleware. The first one is the outermost. */
export function withMiddleware(middleware: readonly ConsumerMiddleware[], run: Runner): Runner {
  return (job, context, completion) =>
    runTask(new HandlerTask(middleware, run, job, context), completion);
}

/**
 * Wraps a runner in validation: it gets the job with the schema's output as arguments, and is not
 * called if the arguments are invalid. The consumer keeps the original job, to requeue it
 * unchanged.
 */
export function withSchema(schema: StandardSchema<readonly unknown[]>, run: Runner): Runner {
  return (job, context, completion) => {
    const { jid, type } = job;
    const args = validateArgs(schema, job.args, { action: `run job ${jid}`, type });
    const go = (args: readonly unknown[]) =>
      run(withArgs(job, args as unknown[]), context, completion);
    if (!(args instanceof Promise)) return go(args);
    args.then(go).catch((error) => completion.reject(error));
  };
}

/** The task of running a job inside middleware. */
class HandlerTask implements Task<unknown> {
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

  change(): void {}

  run(completion: Completion<unknown>): void {
    this.#run(this.#job, this.#context, completion);
  }

  /** Throws an outcome, because for the outer middleware it is an error, not a result. */
  valueOf(result: unknown): unknown {
    if (asOutcome(result) !== undefined) throw result;
    return result;
  }
}

function conclude(value: unknown, completion: Completion<unknown>): void {
  if (asOutcome(value) !== undefined) completion.reject(value);
  else completion.resolve(value);
}
