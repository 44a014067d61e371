import type { Job } from "../../job/job.ts";
import type { JobContext } from "../handler.ts";

/** Options of `isolated`. */
export interface IsolatedOptions {
  /**
   * Jobs that run at the same time, each in a thread of its own, 1 to 10000. @default as many as
   * the machine has cores
   */
  readonly threads?: number | undefined;
  /**
   * How long a run whose `signal` was aborted may take to end by itself before its thread is
   * terminated, in milliseconds.
   *
   * @default 200
   */
  readonly terminateAfterMs?: number | undefined;
}

/** A job as a module's run is given it in its thread: a plain object with what a `Job` has. */
export type IsolatedJob<Args extends readonly unknown[] | [] = unknown[]> = Pick<
  Job<Args>,
  keyof Job<Args>
>;

/**
 * What a module's run is given beside its job. What a handler's context has, but for `producer`:
 * the connections are on the other side, so a run that has jobs to enqueue makes a `Producer` of
 * its own, or leaves it to the handler's middleware.
 */
export type IsolatedContext = Pick<
  JobContext,
  "signal" | "attempt" | "progress" | "extend" | "log"
>;

/**
 * The default export of a module for `isolated`. What holds for a handler's result and errors holds
 * for it.
 *
 * @example A module that renders
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
   * Runs a job in one of the threads, or has it wait for one; resolves to what the module's run
   * returned, where that can be cloned.
   */
  (job: IsolatedJob<Args>, context: IsolatedContext): Promise<unknown>;
  /** Jobs that it runs at the same time: the option `threads`. */
  readonly concurrency: number;
  /**
   * Ends all threads. Jobs that run, or wait for a thread, reject with a `StateError` `CLOSED`. The
   * handler can be used again: its threads are then made anew.
   */
  [Symbol.asyncDispose](): Promise<void>;
}
