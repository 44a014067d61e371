import { integerIn, invalidOption } from "../../connection/options.ts";
import { InvalidArgumentError } from "../../errors.ts";
import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import type { HandlerArgs, HandlerKey } from "../../job/typed.ts";
import { onAbort } from "../../internal/aborts.ts";
import type { Clock } from "../../internal/clock.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import type { JobDefinitions } from "../../job/catalogue.ts";
import type { Job } from "../../job/job.ts";
import type { Handler, JobContext } from "../handler.ts";
import { HANDLER_OPTIONS, type HandlerOptions } from "../run/registry.ts";

/** Options of `Consumer.registerMany`. The options of `register` apply to each job. */
export interface ManyOptions<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> extends HandlerOptions<Args, Jobs, Type> {
  /**
   * Maximum number of jobs in a chunk, 1 to 10000. Each job occupies one of the consumer's slots,
   * so a chunk is never larger than the `concurrency` of the consumer or of the type.
   *
   * @default 100
   */
  readonly size?: number | undefined;
  /**
   * Longest time that the first job of a chunk waits for others, in milliseconds, up to 30000.
   *
   * @default 500
   */
  readonly waitMs?: number | undefined;
}

/** The second argument of a handler for many jobs. */
export interface ManyContext<
  Jobs extends JobDefinitions = JobDefinitions,
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Type extends string = string,
> extends Pick<JobContext<Jobs>, "producer" | "log"> {
  /** Aborted when the first of the jobs has to end, with that job's reason. */
  readonly signal: AbortSignal;
  /**
   * Fails one job of the chunk, with an error or an outcome. The other jobs are done when the
   * handler returns. A second call for the same job is ignored.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the job is not in this chunk.
   */
  fail(job: Job<Args, Type>, error: unknown): void;
}

/**
 * A function that runs a chunk of jobs. When it returns, all jobs that were not failed by `fail`
 * are done. If it throws, these jobs fail with its error.
 */
export type ManyHandler<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (jobs: readonly Job<Args, Type>[], context: ManyContext<Jobs, Args, Type>) => unknown;

/**
 * The options and handler that `Consumer.registerMany` accepts. `Key` is a type of the catalogue
 * or, without a catalogue, the types of the arguments.
 */
export type OptionsAndManyHandler<
  Jobs extends JobDefinitions,
  Key extends HandlerKey<Jobs>,
> = string extends keyof Jobs ? [
    options: ManyOptions<Key extends readonly unknown[] | [] ? Key : never>,
    handler: ManyHandler<Key extends readonly unknown[] | [] ? Key : never>,
  ]
  : [
    options: ManyOptions,
    handler: Key extends keyof Jobs & string ? ManyHandler<HandlerArgs<Jobs, Key>, Jobs, Key>
      : never,
  ];

const MANY_OPTIONS = {
  ...HANDLER_OPTIONS,
  size: true,
  waitMs: true,
} as const satisfies OptionNames<ManyOptions>;

/** A job that waits for its chunk, or runs in it. */
interface ChunkMember {
  readonly job: Job;
  readonly context: JobContext;
  readonly ended: Deferred<void>;
}

/** Settings of the collection of chunks. */
interface ChunkSettings {
  readonly size: number;
  readonly waitMs: number;
  readonly clock: Clock;
}

/**
 * Creates a handler for single jobs that collects them for a handler of many jobs, and the options
 * to register it with. `slots` is the consumer's number of slots.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function collectChunks(
  options: ManyOptions,
  handler: ManyHandler,
  { slots, clock }: { readonly slots: number; readonly clock: Clock },
): { readonly handler: Handler; readonly options: HandlerOptions } {
  checkOptionNames(options, MANY_OPTIONS, "registerMany");
  if (typeof handler !== "function") throw invalidOption("handler", "a function", handler);
  const { size, waitMs, ...others } = options;
  const wanted = integerIn("size", size, { min: 1, max: 10_000, fallback: 100 });
  const collector = new ChunkCollector(handler, {
    size: Math.min(wanted, slots, others.concurrency ?? Infinity),
    // The limit is far below the shortest reservation, which is a minute.
    waitMs: integerIn("waitMs", waitMs, { min: 0, max: 30_000, fallback: 500 }),
    clock,
  });
  return { handler: (job, context) => collector.add(job, context as JobContext), options: others };
}

/** Collects single jobs of one type into chunks. */
class ChunkCollector {
  readonly #handler: ManyHandler;
  readonly #settings: ChunkSettings;
  #waiting: ChunkMember[] = [];
  #cancelWait: (() => void) | undefined;

  constructor(handler: ManyHandler, settings: ChunkSettings) {
    this.#handler = handler;
    this.#settings = settings;
  }

  /** Adds a job. Resolves or rejects with the job's result. */
  async add(job: Job, context: JobContext): Promise<void> {
    const { size, waitMs, clock } = this.#settings;
    const member = { job, context, ended: deferred<void>() };
    if (context.signal.aborted) throw context.signal.reason;
    // The job may be aborted before its chunk starts.
    const removeListener = onAbort(context.signal, () => this.#leave(member));
    this.#waiting.push(member);
    if (this.#waiting.length >= size) this.#begin();
    else this.#cancelWait ??= clock.after(waitMs, () => this.#begin());
    try {
      await member.ended.promise;
    } finally {
      removeListener();
    }
  }

  #leave(member: ChunkMember): void {
    const others = this.#waiting.filter((other) => other !== member);
    if (others.length === this.#waiting.length) return;
    this.#waiting = others;
    if (others.length === 0) this.#stopWaiting();
    member.ended.reject(member.context.signal.reason);
  }

  #begin(): void {
    this.#stopWaiting();
    const members = this.#waiting;
    this.#waiting = [];
    void runChunk(members, this.#handler);
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }
}

/** Runs a chunk. Never rejects: each member gets its own result. */
async function runChunk(members: readonly ChunkMember[], handler: ManyHandler): Promise<void> {
  const failed = new Map<Job, { readonly error: unknown }>();
  const jobs = members.map(({ job }) => job);
  const jobSet = new Set(jobs);
  const { signal, removeListener } = firstAbort(members);
  const { producer, log } = members[0]!.context;
  const fail = (job: Job, error: unknown) => {
    if (!jobSet.has(job)) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        "Cannot fail a job that is not in this chunk",
      );
    }
    if (!failed.has(job)) failed.set(job, { error });
  };
  let commonFailure: { readonly error: unknown } | undefined;
  try {
    await handler(jobs, { signal, producer, log, fail });
  } catch (error) {
    commonFailure = { error };
  }
  removeListener();
  for (const { job, ended } of members) {
    const failure = failed.get(job) ?? commonFailure;
    if (failure === undefined) ended.resolve();
    else ended.reject(failure.error);
  }
}

/** Returns a signal that is aborted when the first of the members' signals is. */
function firstAbort(
  members: readonly ChunkMember[],
): { signal: AbortSignal; removeListener: () => void } {
  const controller = new AbortController();
  const listeners = members.map(({ context: { signal } }) => {
    if (signal.aborted) controller.abort(signal.reason);
    return onAbort(signal, () => controller.abort(signal.reason));
  });
  return {
    signal: controller.signal,
    removeListener: () => listeners.forEach((removeListener) => removeListener()),
  };
}
