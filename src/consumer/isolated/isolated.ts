import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { integerIn, invalidOption } from "../../connection/options.ts";
import { ConfigError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import { builtinModule, coreCount, runtime } from "../../internal/environment.ts";
import { CHECK_MODULE, checkModule, moduleUrl } from "./module_url.ts";
import { ThreadPool } from "./thread_pool.ts";
import type { WorkerThreads } from "./thread.ts";
import type { IsolatedContext, IsolatedHandler, IsolatedJob, IsolatedOptions } from "./types.ts";

/** Maximum number of threads of a handler. */
const MAX_THREADS = 10_000;

/**
 * Default time that an aborted run has to end, in milliseconds. It is less than the time that a
 * stop waits for aborted handlers.
 */
const TERMINATE_AFTER_MS = 200;

/**
 * Creates a handler that runs its jobs in threads (`node:worker_threads`). CPU-bound jobs then do
 * not delay heartbeats, reports and other jobs.
 *
 * `module` is a URL. Its default export must be an {@linkcode IsolatedRun}, which is called with
 * the job as a plain object, and a context of `signal`, `attempt`, `progress`, `extend` and `log`,
 * but no `producer`. An error fails the job as in any handler, with its name, message, `code` and
 * stack. Outcomes can be thrown or returned. The result is passed on if it can be cloned.
 *
 * Threads start when they are needed, up to `threads`, and are reused; each loads the module once.
 * A consumer fetches no more jobs of the type than there are threads, as with `concurrency` of
 * `register`. Idle threads do not keep the process alive.
 *
 * A run that does not end within `terminateAfterMs` after it was aborted is terminated together
 * with its thread, and rejects with the reason of the abort. Its open resources are not closed.
 * Deno 2.9 cannot terminate a thread that never yields, such as a loop without `await`; it occupies
 * a core until the process ends.
 *
 * A job whose thread dies (`process.exit`, an uncaught error) fails with a `StateError`
 * `THREAD_DIED`. On Node this includes a thread that runs out of memory; on Deno and Bun that ends
 * the whole process. If the module does not load, or its default export is not a function, jobs
 * fail with a `ConfigError` `INVALID_MODULE`.
 *
 * The module is loaded by `import()` at run time. Bundlers do not see it, so build it as a separate
 * entry. Deno needs `--allow-read` for it. A TypeScript module works in Deno, Bun, Node 22.18 or
 * later, and in older versions of Node under tsx; elsewhere its jobs fail with a `ConfigError`
 * `UNSUPPORTED_RUNTIME`.
 *
 * @example Run the jobs of one type in threads
 * ```ts ignore
 * import { Consumer, isolated } from "@faktory-ts/faktory";
 *
 * await using render = isolated(new URL("./render.ts", import.meta.url), { threads: 4 });
 * const consumer = new Consumer({ concurrency: 20 });
 * consumer.register("render", render);
 * await consumer.run();
 * ```
 *
 * @throws {ConfigError} `INVALID_URL` if `module` is not a `file:` or `https:` URL;
 * `INVALID_OPTION`; `UNSUPPORTED_RUNTIME` if the runtime has no threads, or cannot load `https:`
 * modules.
 */
// deno-lint-ignore no-explicit-any
export function isolated<Args extends readonly unknown[] | [] = any>(
  module: string | URL,
  options: IsolatedOptions = {},
): IsolatedHandler<Args> {
  return makeIsolated(module, options, { clock: systemClock, workerThreads: findWorkerThreads() });
}

const ISOLATED_OPTIONS = {
  threads: true,
  terminateAfterMs: true,
} as const satisfies OptionNames<IsolatedOptions>;

/** Parts of the runtime that tests replace. */
export interface IsolatedEnvironment {
  readonly clock: Clock;
  readonly workerThreads: WorkerThreads | undefined;
}

/** Implements `isolated`. */
export function makeIsolated(
  module: unknown,
  options: IsolatedOptions,
  { clock, workerThreads }: IsolatedEnvironment,
): IsolatedHandler {
  checkOptionNames(options, ISOLATED_OPTIONS, "isolated");
  const url = moduleUrl(module, runtime());
  const threads = integerIn("threads", options.threads, {
    min: 1,
    max: MAX_THREADS,
    fallback: coreCount() ?? 1,
  });
  const terminateAfterMs = checkWait(options.terminateAfterMs ?? TERMINATE_AFTER_MS);
  if (workerThreads === undefined) {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot run jobs in threads as this runtime has none: Deno, Bun, and Node 20.16 or later do",
    );
  }
  const pool = new ThreadPool({ url, threads, terminateAfterMs, workerThreads, clock });
  const handler = (job: IsolatedJob, context: IsolatedContext) => pool.run(job, context);
  return Object.defineProperties(handler, {
    concurrency: { value: threads, enumerable: true },
    [CHECK_MODULE]: { value: () => checkModule(url) },
    [Symbol.asyncDispose]: { value: () => pool.close() },
  }) as IsolatedHandler;
}

/** Returns the module `node:worker_threads`, if its threads can be used. */
export function findWorkerThreads(): WorkerThreads | undefined {
  // workerd has the module, but cannot create threads.
  if (runtime() === "workerd") return undefined;
  const found = builtinModule<WorkerThreads>("node:worker_threads");
  return typeof found?.Worker === "function" ? found : undefined;
}

function checkWait(ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw invalidOption("terminateAfterMs", "a number of 0 or more", ms);
}
