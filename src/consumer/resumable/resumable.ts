import { integerIn, invalidOption } from "../../connection/options.ts";
import { systemClock } from "../../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { monotonic } from "../../internal/monotonic_clock.ts";
import type { JobDefinitions } from "../../job/catalogue.ts";
import { encodeJob } from "../../job/encode.ts";
import type { Job } from "../../job/job.ts";
import type { Handler, JobContext } from "../handler.ts";
import { asOutcome, Snooze } from "../outcome.ts";
import { sharedPartOf } from "../run/run_context.ts";
import { withRequeueCustom } from "./requeue_custom.ts";

/** The key in a job's `custom` that holds its cursor. */
const CURSOR_KEY = "resumeAt";

/** The server's default reservation, in seconds. */
const DEFAULT_RESERVATION = 1800;

/** Options of {@linkcode resumable}. */
export interface ResumableOptions {
  /**
   * Time after which a run requeues its job with the cursor (a *hop*), so that any worker can
   * continue it, in milliseconds; at most half of the job's reservation. A hop takes 5 to 10
   * seconds. If the worker crashes, the work since the last hop is repeated.
   *
   * @default 300000, five minutes
   */
  readonly hopEveryMs?: number | undefined;
}

const RESUMABLE_OPTIONS = { hopEveryMs: true } as const satisfies OptionNames<ResumableOptions>;

/** The second argument of a resumable handler. */
export interface ResumableContext<Cursor, Jobs extends JobDefinitions = JobDefinitions>
  extends JobContext<Jobs> {
  /**
   * The last cursor that was yielded before the job was requeued; `undefined` if the job starts
   * from the beginning.
   */
  readonly cursor: Cursor | undefined;
}

/**
 * A generator that runs a job in steps. After each step it yields the cursor to continue from:
 * small JSON, such as the last id that is done.
 */
export type ResumableRun<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  // deno-lint-ignore no-explicit-any
  Cursor = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (
  job: Job<Args, Type>,
  context: ResumableContext<Cursor, Jobs>,
) => AsyncIterable<Cursor> | Iterable<Cursor>;

/**
 * Creates a handler for long jobs that continue where they stopped: after a deploy, after an error,
 * and when the work takes longer than the longest reservation (which a free server cannot extend).
 *
 * The handler is a generator, and the values it yields are cursors. When the worker stops, when a
 * step fails, and after every `hopEveryMs`, the job is enqueued again with its cursor (in
 * `custom.resumeAt`) and then acknowledged (PUSH, then ACK). A hop and a stop use none of the
 * job's retries; a failure uses one, as usual.
 *
 * The work since the last hop is repeated if the worker crashes or is killed, or if it does not
 * reach its next `yield` within the grace period of a stop. After the last attempt, the dead job
 * has the cursor of its last hop. No step is skipped.
 *
 * @example Export a table, page by page
 * ```ts
 * import { Consumer, resumable } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer();
 * consumer.register(
 *   "export",
 *   resumable<[table: string], number>(async function* (job, { cursor = 0, signal }) {
 *     for (let page = cursor; page < 1000; page++) {
 *       await fetch(`http://localhost:8080/${job.args[0]}?page=${page}`, { signal });
 *       yield page + 1; // this page is done and is not repeated after a hop
 *     }
 *   }),
 * );
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function resumable<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  // deno-lint-ignore no-explicit-any
  Cursor = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
>(
  run: ResumableRun<Args, Cursor, Jobs, Type>,
  options: ResumableOptions = {},
): Handler<Args, Jobs, Type> {
  if (typeof run !== "function") throw invalidOption("run", "a generator function", run);
  checkOptionNames(options, RESUMABLE_OPTIONS, "resumable");
  const hopEveryMs = integerIn("hopEveryMs", options.hopEveryMs, {
    min: 1000,
    max: 12 * 3_600_000,
    fallback: 300_000,
  });
  return (job, context) =>
    runToHop(run as ResumableRun, job as unknown as Job, context as JobContext, hopEveryMs);
}

async function runToHop(
  run: ResumableRun,
  job: Job,
  context: JobContext,
  hopEveryMs: number,
): Promise<unknown> {
  const host = sharedPartOf(context);
  const clock = monotonic(host?.clock ?? systemClock);
  const reservedMs = (job.reserveFor || DEFAULT_RESERVATION) * 1000;
  const hopAt = clock.now() + Math.min(hopEveryMs, reservedMs / 2);
  const isStopping = () => host?.isStopping() === true;
  const start = new ResumedContext(context, job.custom[CURSOR_KEY]);
  /** The last cursor that was yielded. */
  let reached: { readonly cursor: unknown } | undefined;
  try {
    for await (const cursor of run(job, start)) {
      reached = { cursor };
      if (isStopping() || clock.now() >= hopAt) return hop(reached.cursor);
    }
    return undefined;
  } catch (error) {
    if (reached === undefined) throw error;
    const custom = customOf(reached.cursor);
    // The handler did not reach a `yield` within the grace period.
    if (context.signal.aborted && isStopping()) return hop(reached.cursor);
    if (asOutcome(error)?.kind === "discard") throw error;
    throw withRequeueCustom(
      typeof error === "object" && error !== null ? error : asError(error),
      custom,
    );
  }
}

/** Requeues the job to continue at the cursor. */
function hop(cursor: unknown): Snooze {
  return withRequeueCustom(new Snooze(0, "the job continues at its cursor"), customOf(cursor));
}

/**
 * Returns the keys for the `custom` of the requeued job.
 *
 * @throws {InvalidJobError} `INVALID_CUSTOM` if JSON cannot represent the cursor.
 */
function customOf(cursor: unknown): Record<string, unknown> {
  const custom = { [CURSOR_KEY]: cursor === undefined ? null : cursor };
  encodeJob({ type: "cursor", custom });
  return custom;
}

function asError(value: unknown): Error {
  return new Error(String(value), { cause: value });
}

/** The context of a run with the job's cursor. */
class ResumedContext implements ResumableContext<unknown> {
  readonly cursor: unknown;
  readonly #context: JobContext;

  constructor(context: JobContext, cursor: unknown) {
    this.#context = context;
    this.cursor = cursor ?? undefined;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get attempt(): number {
    return this.#context.attempt;
  }

  get producer(): JobContext["producer"] {
    return this.#context.producer;
  }

  get log(): JobContext["log"] {
    return this.#context.log;
  }

  get progress(): JobContext["progress"] {
    return this.#context.progress;
  }

  get extend(): JobContext["extend"] {
    return this.#context.extend;
  }
}
