import { createJid } from "./jid.ts";
import type { DurationText } from "./duration.ts";
import { DEFAULT_QUEUE } from "./queue_name.ts";
import { expandShorthands, hasShorthands, type Uniqueness } from "./shorthands.ts";

/** The last failure of a job, as the server stores it. */
export interface JobFailure {
  /** Time of the last failure; `undefined` if the server's text is not a date. */
  readonly failedAt: Date | undefined;
  /** Time of the next retry, or of the retry that led to this run. */
  readonly nextAt?: Date | undefined;
  /** The error's message. */
  readonly message?: string | undefined;
  /** The error's type. */
  readonly type?: string | undefined;
  /** The error's stack, one frame per line. */
  readonly backtrace?: readonly string[] | undefined;
  /** Number of retries so far: 0 after the first failure. */
  readonly retryCount: number;
  /** Number of retries left. */
  readonly remaining: number;
}

/** Options of a job. A property that is `undefined` counts as absent. */
export interface JobOptions {
  /** The job's id, at least 8 bytes of UTF-8. @default 16 random characters */
  readonly jid?: string | undefined;
  /** The queue: letters, digits, `.`, `_` and `-`. @default "default" */
  readonly queue?: string | undefined;
  /**
   * Number of retries after a failure. With 0 a failed job is dropped; with -1 it is dead at once.
   *
   * @default 25
   */
  readonly retry?: number | undefined;
  /** The job runs at this time or later. @default as soon as possible */
  readonly at?: Date | undefined;
  /**
   * Delay before the job may run, instead of `at`: milliseconds, or a text such as `"90s"`, `"5m"`
   * or `"2h"`. The delay starts when the job is enqueued and is measured by the server's clock. For
   * a `Job` it starts when the object is created, and at `./edge` it is measured by this machine's
   * clock.
   *
   * @default no delay
   */
  readonly delay?: number | DurationText | undefined;
  /**
   * Seconds that a worker may take to run the job, 60 to 86400. @default 1800, set by the server
   */
  readonly reserveFor?: number | undefined;
  /** Number of lines of a failure's stack to keep. @default 0 */
  readonly backtrace?: number | undefined;
  /**
   * More data to send with the job, as JSON. Names that start with `_` are reserved for the server.
   *
   * @default {}
   */
  readonly custom?: Record<string, unknown> | undefined;
  /**
   * Refuses jobs like this one for a while (Enterprise; a free server ignores it).
   *
   * @default other jobs are accepted
   */
  readonly unique?: Uniqueness | undefined;
  /**
   * Time at which the server drops the job if it still waits (Enterprise; a free server ignores
   * it): a `Date`, or a duration after the time at which the job was due, such as `"10m"`.
   *
   * @default never
   */
  readonly expires?: Date | DurationText | undefined;
  /** Time at which the job was created. @default the time at which it is sent */
  readonly createdAt?: Date | undefined;
}

/** A job as a plain object. */
export interface JobFields<
  Args extends readonly unknown[] = readonly unknown[],
  Type extends string = string,
> extends JobOptions {
  /** The job's type, which selects the handler. */
  readonly type: Type;
  /** The handler's arguments, sent as JSON. @default [] */
  readonly args?: Args | undefined;
}

/** A job as a caller may pass it: a {@linkcode Job}, or a plain object with the same properties. */
export type JobInput<
  Args extends readonly unknown[] = readonly unknown[],
  Type extends string = string,
> = Job<Args, Type> | JobFields<Args, Type>;

/** Options of a fetched job. */
export interface FetchedJobOptions extends JobOptions {
  readonly enqueuedAt?: Date | undefined;
  readonly failure?: JobFailure | undefined;
  readonly [FROM_SERVER]?: string;
}

/** Names of a job's properties, including the two that only the server sets. */
export const PROPERTIES: ReadonlySet<string> = new Set([
  "jid",
  "type",
  "args",
  "queue",
  "retry",
  "at",
  "delay",
  "unique",
  "expires",
  "reserveFor",
  "backtrace",
  "custom",
  "createdAt",
  "enqueuedAt",
  "failure",
]);

/**
 * Returns the first own property of `fields` that jobs do not have. The server would drop it.
 *
 * A set is as fast as a `switch`, because the hashes of known strings are cached.
 */
export function unknownProperty(fields: object): string | undefined {
  for (const name in fields) {
    if (!PROPERTIES.has(name) && Object.hasOwn(fields, name)) return name;
  }
  return undefined;
}

/** The private state of a job. */
export type JobInternals = readonly [fault?: unknown, hasQueue?: boolean];

/** Reads the private state of a job that another copy of the package created. */
let foreign: (job: object) => JobInternals | undefined = () => undefined;

/** Sets the function that reads jobs of other copies of the package. Called by `brands.ts`. */
export function readForeign(read: typeof foreign): void {
  foreign = read;
}

const NO_OPTIONS: FetchedJobOptions = {};

/**
 * The JSON of a job that a server sent. The other options then come from the server, not from a
 * caller.
 */
export const FROM_SERVER: unique symbol = Symbol("from the server");

/** Returns the private state of a job of this copy of the package, for other copies. */
export let readJob: (job: Job) => JobInternals;

/**
 * Returns the fault in the options of `job`: the name of an unknown option, or the error of a
 * `delay`, `unique` or `expires`. `undefined` if there is none.
 */
export let faultOf: (job: Job<readonly unknown[]>) => unknown;

/**
 * Returns the JSON that the server sent for `job`; `undefined` if it does not come from a server.
 */
export let serverJsonOf: (job: Job<readonly unknown[]>) => string | undefined;

/**
 * Returns the queue that was passed for `job`; `undefined` if none was passed. The property `queue`
 * holds the server's default in that case.
 */
export let explicitQueueOf: (job: Job<readonly unknown[]>) => string | undefined;

/**
 * A unit of work: its type selects the handler, `args` are the handler's arguments.
 *
 * The constructor never throws. `enqueue` checks the job and rejects with an `InvalidJobError`.
 *
 * @example A job for a minute from now
 * ```ts
 * import { Job } from "@faktory-ts/faktory";
 *
 * const job = new Job("resize", ["cat.png", 320], {
 *   queue: "images",
 *   at: new Date(Date.now() + 60_000),
 * });
 * console.assert(job.jid.length === 16);
 * ```
 */
// With `| []`, TypeScript infers the arguments as a tuple.
export class Job<Args extends readonly unknown[] | [] = unknown[], Type extends string = string> {
  /** The job's id. */
  readonly jid: string;
  /** The job's type, which selects the handler. */
  readonly type: Type;
  /** The handler's arguments. */
  readonly args: Args;
  /** The job's queue. */
  readonly queue: string;
  /** Number of retries after a failure; `undefined` is sent as 25. */
  readonly retry: number | undefined;
  /** The job runs at this time or later. */
  readonly at: Date | undefined;
  /** Seconds that a worker may take to run the job; with `undefined` the server allows 1800. */
  readonly reserveFor: number | undefined;
  /** Number of lines of a failure's stack to keep. */
  readonly backtrace: number | undefined;
  /** More data that is sent with the job. */
  readonly custom: Record<string, unknown>;
  /** Time at which the job was created; `undefined` until it is sent, unless it was passed. */
  readonly createdAt: Date | undefined;
  /** Time at which the server put the job on its queue. Only set on fetched jobs. */
  readonly enqueuedAt: Date | undefined;
  /** The last failure. Only set on fetched jobs that failed before. */
  readonly failure: JobFailure | undefined;

  // Kept until the job is encoded: encoding throws the fault.
  readonly #fault: unknown;
  // A default queue of the catalogue applies only to jobs without a queue of their own.
  readonly #hasQueue: boolean;
  // A handler may change the job. A requeued job is built from this text instead.
  readonly #serverJson: string | undefined;

  static {
    readJob = (job) => [job.#fault, job.#hasQueue];
    faultOf = (job) => #fault in job ? job.#fault : foreign(job)?.[0];
    serverJsonOf = (job) => #serverJson in job ? job.#serverJson : undefined;
    explicitQueueOf = (job) =>
      (#hasQueue in job ? job.#hasQueue : foreign(job)?.[1]) === false ? undefined : job.queue;
  }

  /** Creates a job of this type, with a new jid unless `options` has one. */
  constructor(type: Type, args?: Args, options: JobOptions = NO_OPTIONS) {
    const fields: FetchedJobOptions = options;
    const { jid, queue } = fields;
    let { at, custom } = fields;
    this.#serverJson = fields[FROM_SERVER];
    if (options !== NO_OPTIONS && this.#serverJson === undefined) {
      this.#fault = unknownProperty(options);
    }
    if (hasShorthands(fields)) {
      try {
        ({ at, custom } = expandShorthands(fields));
      } catch (error) {
        this.#fault = error;
      }
    }
    this.jid = jid === undefined ? createJid() : jid;
    this.type = type;
    this.args = args === undefined ? [] as unknown as Args : args;
    this.queue = queue === undefined ? DEFAULT_QUEUE : queue;
    this.retry = fields.retry;
    this.at = at;
    this.reserveFor = fields.reserveFor;
    this.backtrace = fields.backtrace;
    this.custom = custom === undefined ? {} : custom;
    this.createdAt = fields.createdAt;
    this.enqueuedAt = fields.enqueuedAt;
    this.failure = fields.failure;
    this.#hasQueue = queue !== undefined;
  }
}
