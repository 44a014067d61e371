import { integerIn, invalidOption } from "../../connection/options.ts";
import { systemClock } from "../../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { monotonic } from "../../internal/monotonic_clock.ts";
import type { JobDefinitions } from "../../job/catalogue.ts";
import { encodeJob } from "../../job/encode.ts";
import type { Job } from "../../job/job.ts";
import type { Handler, JobContext } from "../handler.ts";
import { asOutcome, Snooze } from "../outcome.ts";
import { hostOf } from "../run/run_context.ts";
import { withRequeueCustom } from "./requeue_custom.ts";

/** The key of a job's `custom` that holds its cursor. */
const KEY = "resumeAt";

/** The reservation of a job that does not say, in seconds, by the server. */
const DEFAULT_RESERVATION = 1800;

/** Options of {@linkcode resumable}. */
export interface ResumableOptions {
  /**
   * How long a run goes on before it hands the job back with its cursor, to be continued by any
   * worker, in milliseconds; at most half of the job's reservation. A hop takes 5 to 10 seconds. If
   * the worker crashes, what was done since the last hop is done again.
   *
   * @default 300000, which is five minutes
   */
  readonly hopEveryMs?: number | undefined;
}

const RESUMABLE_OPTIONS = { hopEveryMs: true } as const satisfies OptionNames<ResumableOptions>;

/** The second argument of a resumable handler. */
export interface ResumableContext<Cursor, Jobs extends JobDefinitions = JobDefinitions>
  extends JobContext<Jobs> {
  /**
   * The cursor that was yielded last before the job was handed back; `undefined` if it starts at
   * its beginning.
   */
  readonly cursor: Cursor | undefined;
}

/**
 * Runs a job by steps, and yields after each of them the cursor to continue from: small JSON, such
 * as the last id that is done.
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
 * A handler for long jobs, which continue where they were: after a deploy, an error, and also if
 * the work takes longer than the longest reservation, which a free server cannot extend.
 *
 * The handler is a generator: what it yields is the cursor from which the job continues. When the
 * worker stops, when a step fails, and every `hopEveryMs`, the job is enqueued again with its
 * cursor (in `custom.resumeAt`) and then acknowledged (PUSHB, then ACK). A hop and a stop use none
 * of the job's retries; a failure does, as always.
 *
 * What was done since the last hop is done again if the worker crashes, is killed, or does not
 * reach its next `yield` before the grace of a stop is over; and on the last attempt: the dead job
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
 *       yield page + 1; // from here on, this page is done
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
  const host = hostOf(context);
  const clock = monotonic(host?.clock ?? systemClock);
  const reservedMs = (job.reserveFor || DEFAULT_RESERVATION) * 1000;
  const hopAt = clock.now() + Math.min(hopEveryMs, reservedMs / 2);
  const isStopping = () => host?.isStopping() === true;
  const start = new Resumed(context, job.custom[KEY]);
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
    // The stop did not find it at a `yield`.
    if (context.signal.aborted && isStopping()) return hop(reached.cursor);
    if (asOutcome(error)?.kind === "discard") throw error;
    throw withRequeueCustom(
      typeof error === "object" && error !== null ? error : thrown(error),
      custom,
    );
  }
}

/** Continues the job at the cursor, a moment later. */
function hop(cursor: unknown): Snooze {
  return withRequeueCustom(new Snooze(0, "the job goes on at its cursor"), customOf(cursor));
}

/**
 * What the job is to carry.
 *
 * @throws {InvalidJobError} `INVALID_CUSTOM` if the cursor is nothing that JSON can hold.
 */
function customOf(cursor: unknown): Record<string, unknown> {
  const custom = { [KEY]: cursor === undefined ? null : cursor };
  encodeJob({ type: "cursor", custom });
  return custom;
}

function thrown(value: unknown): Error {
  return new Error(String(value), { cause: value });
}

/** The context of a run, and the job's cursor. */
class Resumed implements ResumableContext<unknown> {
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
