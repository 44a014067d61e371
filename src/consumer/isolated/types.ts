import type { Job } from "../../job/job.ts";
import type { JobContext } from "../handler.ts";

/** Options of `isolated`. */
export interface IsolatedOptions {
  /**
   * Maximum number of jobs that run at the same time, each in its own thread, 1 to 10000.
   *
   * @default the number of CPU cores
   */
  readonly threads?: number | undefined;
  /**
   * Time that a run has to end after its `signal` was aborted, in milliseconds. Then its thread is
   * terminated.
   *
   * @default 200
   */
  readonly terminateAfterMs?: number | undefined;
}

/** The job that the module's function gets: a plain object with the properties of a `Job`. */
export type IsolatedJob<Args extends readonly unknown[] | [] = unknown[]> = Pick<
  Job<Args>,
  keyof Job<Args>
>;

/**
 * The context that the module's function gets. It has no `producer`, because the connections belong
 * to the main thread. To enqueue jobs, create a `Producer` in the module, or use middleware of the
 * consumer.
 */
export type IsolatedContext = Pick<
  JobContext,
  "signal" | "attempt" | "progress" | "extend" | "log"
>;

/**
 * The default export of a module for `isolated`. Its results and errors are treated like those of a
 * handler.
 *
 * @example A module that renders pages
 * ```ts
 * import type { IsolatedRun } from "@faktory-ts/faktory";
 *
 * const render: IsolatedRun<[path: string]> = async (job, { signal, progress }) => {
 *   for (let page = 1; page <= 10; page++) {
 *     signal.throwIfAborted();
 *     await progress(page * 10, `${job.args[0]}: page ${page}`);
 *   }
 * };
 * export default render;
 * ```
 */
// deno-lint-ignore no-explicit-any
export type IsolatedRun<Args extends readonly unknown[] | [] = any> = (
  job: IsolatedJob<Args>,
  context: IsolatedContext,
) => unknown;

/** A handler for `Consumer.register` whose jobs run in threads. */
// deno-lint-ignore no-explicit-any
export interface IsolatedHandler<Args extends readonly unknown[] | [] = any> {
  /**
   * Runs a job in a thread, after waiting for a free one. Resolves to the result of the module's
   * function, if it can be cloned.
   */
  (job: IsolatedJob<Args>, context: IsolatedContext): Promise<unknown>;
  /** Number of jobs that run at the same time: the option `threads`. */
  readonly concurrency: number;
  /**
   * Terminates all threads. Running and waiting jobs reject with a `StateError` `CLOSED`. The
   * handler can be used again; it then starts new threads.
   */
  [Symbol.asyncDispose](): Promise<void>;
}
