import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { onAbort } from "../internal/aborts.ts";
import { integerIn } from "../connection/options.ts";
import { type Consumer, internalsOf } from "../consumer/consumer.ts";
import type { Handler } from "../consumer/handler.ts";
import { asOutcome, RetryAfter, Snooze } from "../consumer/outcome.ts";
import { handlerRunner, invoke } from "../consumer/run/invoke.ts";
import type { RegisteredHandler } from "../consumer/run/registry.ts";
import { abortContext, limitTime, RunContext, timeLimitOf } from "../consumer/run/run_context.ts";
import { InvalidArgumentError, JobAbortedError, StateError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { showValue } from "../internal/show.ts";
import { encodeRequeuedJob } from "../job/requeued_job.ts";
import { decodeJob } from "../job/decode.ts";
import { DEFAULT_RETRY, encodeJob } from "../job/encode.ts";
import type { Job, JobInput } from "../job/job.ts";
import { Producer } from "../producer/producer.ts";
import { FakeServer } from "./fake_server.ts";
import { type LogEntry, recordingLogger } from "./recording_logger.ts";
import { type JobOutcome, outcomeOf } from "./recording_emitter.ts";

/** Options of {@linkcode runJob}. */
export interface RunJobOptions {
  /** The handler's `context.attempt`. 2 is the first retry. @default 1 */
  readonly attempt?: number | undefined;
  /** Aborts `context.signal`, like a consumer that stops. @default none */
  readonly signal?: AbortSignal | undefined;
  /**
   * The clock that measures `timeoutMs`. Tests can pass a `ManualClock`.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

const RUN_JOB_OPTIONS = {
  attempt: true,
  signal: true,
  clock: true,
} as const satisfies OptionNames<RunJobOptions>;

/** The result of running a job. */
export interface RunJobResult {
  /** The job that the handler received. */
  readonly job: Job;
  /** The outcome. */
  readonly outcome: JobOutcome;
  /** The handler's result, if the job is done. */
  readonly result: unknown;
  /** The error or outcome that the handler threw or returned. `undefined` if the job is done. */
  readonly error: unknown;
  /** Seconds until the next run, from a `RetryAfter` or `Snooze`. */
  readonly seconds: number | undefined;
  /** The progress that the handler reported. */
  readonly progress: readonly { readonly percent: number; readonly text: string | undefined }[];
  /** The reservation times that the handler requested, in seconds. */
  readonly extended: readonly number[];
  /** The jobs that the handler enqueued with `context.producer`. */
  readonly enqueued: readonly Job[];
  /** The messages that the handler wrote with `context.log`. */
  readonly logs: readonly LogEntry[];
}

/**
 * Runs one job with a handler, or with a consumer's handler for the job's type, including the
 * consumer's middleware and time limits. No server is involved: the job is converted to JSON and
 * back, as on its way to a worker, and the calls of the handler's context are recorded.
 *
 * Resolves even if the job fails. Check the `outcome`.
 *
 * @example Run a single handler
 * ```ts
 * import { type Job, type JobContext, RetryAfter } from "@faktory-ts/faktory";
 * import { runJob } from "@faktory-ts/faktory/testing";
 *
 * async function resize(job: Job<[string, number]>, { progress, producer }: JobContext) {
 *   const [path, width] = job.args;
 *   if (width > 4096) throw new RetryAfter(60);
 *   await progress(50, "half way");
 *   await producer.enqueue("publish", [path]);
 *   return width * 2;
 * }
 *
 * const run = await runJob(resize, { type: "resize", args: ["cat.png", 320] });
 * console.assert(run.outcome === "done" && run.result === 640);
 * console.assert(run.progress[0]?.text === "half way");
 * console.assert(run.enqueued[0]?.type === "publish");
 *
 * const later = await runJob(resize, { type: "resize", args: ["cat.png", 9000] });
 * console.assert(later.outcome === "retry" && later.seconds === 60);
 * ```
 *
 * @throws {InvalidJobError} if the job is invalid.
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is neither a handler nor a consumer.
 * @throws {StateError} `NOT_REGISTERED` if the consumer has no handler for the job's type.
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export async function runJob(
  handler: Handler | Consumer,
  job: JobInput,
  options: RunJobOptions = {},
): Promise<RunJobResult> {
  checkOptionNames(options, RUN_JOB_OPTIONS, "runJob");
  const max = Number.MAX_SAFE_INTEGER;
  const attempt = integerIn("attempt", options.attempt, { min: 1, max, fallback: 1 });
  const clock = options.clock ?? systemClock;
  const fetched = convertThroughJson(job, { attempt, clock });
  const registered = findHandler(handler, fetched);
  const server = FakeServer.start(clock);
  const pool = (await server.makePool(() => {}))(1);
  const producer = Producer.onPool(pool);
  try {
    const recorded = await execute(fetched, registered, { ...options, clock, producer });
    // Waits for calls that the handler did not await.
    await producer.close();
    return { ...recorded, enqueued: server.jobs };
  } finally {
    pool.close();
    server.close();
  }
}

interface ExecuteOptions {
  readonly clock: Clock;
  readonly producer: Producer;
  readonly signal?: AbortSignal | undefined;
}

async function execute(
  job: Job,
  { run, timeoutMs }: RegisteredHandler,
  { clock, producer, signal }: ExecuteOptions,
): Promise<Omit<RunJobResult, "enqueued">> {
  const progress: { percent: number; text: string | undefined }[] = [];
  const extended: number[] = [];
  const logs: LogEntry[] = [];
  const ended = deferred<{ readonly error: unknown } | undefined>();
  let askedAt = clock.now();
  const context = new RunContext(job, {
    producer,
    settings: { logger: recordingLogger(logs) },
    clock,
    serverClock: { now: () => askedAt = clock.now(), fresh: () => undefined },
    tracker: {
      track({ percent, text, reserveUntil }) {
        if (percent !== undefined) progress.push({ percent, text });
        if (reserveUntil !== undefined) extended.push((reserveUntil.getTime() - askedAt) / 1000);
        return Promise.resolve(true);
      },
    },
  });
  const stop = () => abortContext(context, stoppedError(job, signal!));
  if (signal?.aborted === true) stop();
  const removeListener = onAbort(signal, stop);
  const limitMs = timeLimitOf(job, timeoutMs);
  const cancelLimit = limitMs === undefined
    ? () => {}
    : limitTime(context, job, { timeoutMs: limitMs, clock });
  let result: unknown;
  invoke(run, job, context, {
    resolve: (value) => ended.resolve(void (result = value)),
    reject: (error) => ended.resolve({ error }),
  });
  const failure = await ended.promise;
  cancelLimit();
  removeListener();
  const error = failure?.error;
  const outcome = asOutcome(error);
  return {
    job,
    outcome: failure === undefined ? "done" : outcomeOf(error),
    result: failure === undefined ? result : undefined,
    error,
    seconds: outcome instanceof RetryAfter || outcome instanceof Snooze
      ? outcome.seconds
      : undefined,
    ...{ progress, extended, logs },
  };
}

/** Converts the job to JSON and back, at this attempt. */
function convertThroughJson(
  input: JobInput,
  { attempt, clock }: { readonly attempt: number; readonly clock: Clock },
): Job {
  const job = decodeJob(encodeJob(input).json);
  if (attempt === 1) return job;
  const { retry = DEFAULT_RETRY } = job;
  const failure = {
    failedAt: new Date(clock.now()),
    retryCount: attempt - 2,
    remaining: Math.max(retry - (attempt - 2), 0),
    type: "Error",
    message: "an earlier attempt failed",
  };
  return decodeJob(encodeRequeuedJob(job, undefined, { failure }).json);
}

function findHandler(handler: unknown, { type }: Job): RegisteredHandler {
  if (typeof handler === "function") {
    return {
      run: handlerRunner(handler as Handler),
      timeoutMs: undefined,
      limit: undefined,
      failures: undefined,
    };
  }
  const internals = internalsOf(handler);
  if (internals === undefined) {
    throw new InvalidArgumentError(
      "INVALID_ARGUMENT",
      "Cannot run a job as the argument is neither a handler nor a Consumer: got " +
        showValue(handler),
    );
  }
  const registered = internals.registry.find(type);
  if (registered !== undefined) return registered;
  throw new StateError(
    "NOT_REGISTERED",
    `Cannot run a job as the consumer has no handler for its type ${JSON.stringify(type)}`,
  );
}

function stoppedError({ jid }: Job, { reason }: AbortSignal): JobAbortedError {
  if (reason instanceof JobAbortedError) return reason;
  const message = `Job ${jid} must end as its worker stops`;
  return new JobAbortedError("STOPPED", message, { cause: reason });
}
