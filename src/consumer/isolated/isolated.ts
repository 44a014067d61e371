import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { integerIn, invalidOption } from "../../connection/options.ts";
import { ConfigError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import { builtinModule, coreCount, runtime } from "../../internal/environment.ts";
import { CHECK_MODULE, checkModule, moduleUrl } from "./module_url.ts";
import { ThreadPool } from "./thread_pool.ts";
import type { WorkerThreads } from "./thread.ts";
import type { IsolatedContext, IsolatedHandler, IsolatedJob, IsolatedOptions } from "./types.ts";

/** Threads that one handler may have. */
const MAX_THREADS = 10_000;

/**
 * How long an aborted run may take to end by itself, in milliseconds: less than a stop waits for
 * its handlers.
 */
const TERMINATE_AFTER_MS = 200;

/**
 * A handler that runs its jobs in threads (`node:worker_threads`), so that what keeps a core busy
 * does not keep heartbeats, reports and other jobs waiting.
 *
 * `module` is a URL, and the default export there an {@linkcode IsolatedRun}: it is called with the
 * job, as a plain object, and a context of `signal`, `attempt`, `progress`, `extend` and `log`.
 * There is no `producer` in it. What it throws fails the job as in any handler, with name, message,
 * `code` and stack; outcomes count as well, thrown or returned. Its result is passed on where it
 * can be cloned.
 *
 * Threads are made when they are first needed and used again, `threads` of them at most; each loads
 * the module once. A consumer fetches no more jobs of the type than there are threads, as with
 * `concurrency` of `register`. Idle threads do not hold the process open. A run that does not end
 * within `terminateAfterMs` of its abort is terminated with its thread, wherever it is, and rejects
 * with the abort's reason: what it had open stays as it is. Deno 2.9 does not end a thread that
 * never rests, such as a loop without `await`: that keeps its core until the process ends. A job
 * whose thread dies (`process.exit`, an error that nothing caught) fails with a `StateError`
 * `THREAD_DIED`. A thread that runs out of memory dies like that on Node; on Deno and Bun it ends
 * the whole process. Where the module does not load, or its default export is not a function, jobs
 * fail with a `ConfigError` `INVALID_MODULE`.
 *
 * The module is loaded by `import()` at run time: a bundler does not see it, so it has to be built
 * as an entry of its own, and Deno wants `--allow-read` for it. A module in TypeScript runs in
 * Deno, in Bun, in Node 22.18 or later, and in an older Node under tsx; elsewhere its jobs fail
 * with a `ConfigError` `UNSUPPORTED_RUNTIME`.
 *
 * @example The jobs of one type in threads
 * ```ts ignore
 * import { Consumer, isolated } from "@faktory-ts/faktory";
 *
 * await using render = isolated(new URL("./render.ts", import.meta.url), { threads: 4 });
 * const consumer = new Consumer({ concurrency: 20 });
 * consumer.register("render", render);
 * await consumer.run();
 * ```
 *
 * @throws {ConfigError} `INVALID_URL` where `module` is not a `file:` or `https:` URL,
 * `INVALID_OPTION`, and `UNSUPPORTED_RUNTIME` where there are no threads, or no `https:` modules.
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

/** What tests put in the place of the runtime's. */
export interface IsolatedSurroundings {
  readonly clock: Clock;
  readonly workerThreads: WorkerThreads | undefined;
}

/** `isolated` in surroundings of the caller's choice. */
export function makeIsolated(
  module: unknown,
  options: IsolatedOptions,
  { clock, workerThreads }: IsolatedSurroundings,
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

/** The runtime's threads. */
export function findWorkerThreads(): WorkerThreads | undefined {
  // There the module is known, but makes no threads.
  if (runtime() === "workerd") return undefined;
  const found = builtinModule<WorkerThreads>("node:worker_threads");
  return typeof found?.Worker === "function" ? found : undefined;
}

function checkWait(ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw invalidOption("terminateAfterMs", "a number of 0 or more", ms);
}
