import { createJid } from "./jid.ts";
import type { DurationText } from "./duration.ts";
import { DEFAULT_QUEUE } from "./queue_name.ts";
import { expandShorthands, hasShorthands, type Uniqueness } from "./shorthands.ts";

/** What the server knows of a job's last failure. */
export interface JobFailure {
  /** When it failed last; `undefined` where the server's text is no date. */
  readonly failedAt: Date | undefined;
  /** When it will be tried, or was tried, again. */
  readonly nextAt?: Date | undefined;
  /** The error's message. */
  readonly message?: string | undefined;
  /** The error's type. */
  readonly type?: string | undefined;
  /** The error's stack, a frame a line. */
  readonly backtrace?: readonly string[] | undefined;
  /** Retries so far: 0 after the first failure. */
  readonly retryCount: number;
  /** Retries that are left. */
  readonly remaining: number;
}

/**
 * What can be said of a job beside its type and arguments. A property that is `undefined` counts as
 * absent.
 */
export interface JobOptions {
  /** The job's id, 8 bytes of UTF-8 at least. @default 16 characters, 84 bits of them random */
  readonly jid?: string | undefined;
  /** The queue it goes to: letters, digits, `.`, `_` and `-`. @default "default" */
  readonly queue?: string | undefined;
  /**
   * Retries after a failure: 0 discards it at once, -1 sends it straight to the dead. @default 25
   */
  readonly retry?: number | undefined;
  /** Not to be run before this time. @default at once */
  readonly at?: Date | undefined;
  /**
   * How long to wait before it runs, instead of `at`: milliseconds, or a text such as `"90s"`,
   * `"5m"`, `"2h"`. Counts from when it is enqueued, by the server's clock; of a `Job`, from when
   * that is made, and at `./edge`, by this machine's.
   *
   * @default no wait
   */
  readonly delay?: number | DurationText | undefined;
  /** Seconds that a worker may take for it, 60 to 86400. @default 1800, by the server */
  readonly reserveFor?: number | undefined;
  /** Lines of a failure's stack to keep. @default 0 */
  readonly backtrace?: number | undefined;
  /**
   * Anything else to go with the job, as JSON; names that start with `_` are the server's. @default
   * {}
   */
  readonly custom?: Record<string, unknown> | undefined;
  /**
   * Lets no second job like this one in for a while (Enterprise; a free server ignores it).
   * @default others are let in
   */
  readonly unique?: Uniqueness | undefined;
  /**
   * When a job that still waits is dropped (Enterprise; a free server ignores it): a time, or how
   * long after it was due, such as `"10m"`.
   *
   * @default never
   */
  readonly expires?: Date | DurationText | undefined;
  /** When the job was made. @default when it is sent */
  readonly createdAt?: Date | undefined;
}

/** A job as a plain object. */
export interface JobFields<
  Args extends readonly unknown[] = readonly unknown[],
  Type extends string = string,
> extends JobOptions {
  /** Which handler runs it. */
  readonly type: Type;
  /** The handler's arguments, as JSON. @default [] */
  readonly args?: Args | undefined;
}

/** A job, wherever one is taken: a {@linkcode Job} or a plain object of the same names. */
export type JobInput<
  Args extends readonly unknown[] = readonly unknown[],
  Type extends string = string,
> = Job<Args, Type> | JobFields<Args, Type>;

/** What a job that was fetched has on top. */
export interface FetchedJobOptions extends JobOptions {
  readonly enqueuedAt?: Date | undefined;
  readonly failure?: JobFailure | undefined;
  readonly [FROM_SERVER]?: string;
}

/** Names of a job's properties, the two that only the server sets included. */
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
 * The first own property of `fields` that no job has, and that the server would drop.
 *
 * A switch would be longer and no faster: sets of known strings are looked up by their cached
 * hashes.
 */
export function unknownProperty(fields: object): string | undefined {
  for (const name in fields) {
    if (!PROPERTIES.has(name) && Object.hasOwn(fields, name)) return name;
  }
  return undefined;
}

/** What a job holds privately. */
export type Insides = readonly [fault?: unknown, hasQueue?: boolean];

/** Reads a job of another copy of the package; set by `brands.ts`. */
let foreign: (job: object) => Insides | undefined = () => undefined;

/** Has jobs of other copies of the package read by `read`. */
export function readForeign(read: typeof foreign): void {
  foreign = read;
}

const NO_OPTIONS: FetchedJobOptions = {};

/** The JSON of a job that a server sent. Nothing in the options beside it was named by a caller. */
export const FROM_SERVER: unique symbol = Symbol("from the server");

/** What a job of this copy of the package holds privately, for other copies. */
export let readJob: (job: Job) => Insides;

/**
 * What is wrong with the options that `job` was made with: the name of one that no job has, or the
 * error of a `delay`, `unique` or `expires`.
 */
export let faultOf: (job: Job<readonly unknown[]>) => unknown;

/** The JSON that the server sent `job` as; `undefined` if it did not. */
export let wireOf: (job: Job<readonly unknown[]>) => string | undefined;

/**
 * The queue that `job` was made with; `undefined` where it was given none, though its `queue` is
 * the server's default then.
 */
export let givenQueue: (job: Job<readonly unknown[]>) => string | undefined;

/**
 * A unit of work: which handler runs it, with which arguments, and how the server treats it.
 *
 * Making one never throws: a job is checked when it is enqueued, which rejects with an
 * `InvalidJobError`.
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
// `| []` lets the types of the arguments be inferred as a tuple.
export class Job<Args extends readonly unknown[] | [] = unknown[], Type extends string = string> {
  /** The job's id. */
  readonly jid: string;
  /** Which handler runs it. */
  readonly type: Type;
  /** The handler's arguments. */
  readonly args: Args;
  /** The queue it goes to, or came from. */
  readonly queue: string;
  /** Retries after a failure; `undefined` is sent as 25. */
  readonly retry: number | undefined;
  /** Not to be run before this time. */
  readonly at: Date | undefined;
  /**
   * Seconds that a worker may take for it; `undefined` leaves it to the server, which takes 1800.
   */
  readonly reserveFor: number | undefined;
  /** Lines of a failure's stack to keep. */
  readonly backtrace: number | undefined;
  /** Whatever else goes with the job. */
  readonly custom: Record<string, unknown>;
  /** When the job was made; `undefined` until it is sent, where it was not given. */
  readonly createdAt: Date | undefined;
  /** When the server put it on its queue; only on jobs that were fetched. */
  readonly enqueuedAt: Date | undefined;
  /** Its last failure; only on jobs that were fetched after one. */
  readonly failure: JobFailure | undefined;

  // Kept until the job is encoded, which refuses it.
  readonly #fault: unknown;
  // A catalogue's default queue is for those that were given none.
  readonly #hasQueue: boolean;
  // A handler may change what the job holds; what is enqueued again is this.
  readonly #wire: string | undefined;

  static {
    readJob = (job) => [job.#fault, job.#hasQueue];
    faultOf = (job) => #fault in job ? job.#fault : foreign(job)?.[0];
    wireOf = (job) => #wire in job ? job.#wire : undefined;
    givenQueue = (job) =>
      (#hasQueue in job ? job.#hasQueue : foreign(job)?.[1]) === false ? undefined : job.queue;
  }

  /** Makes a job of this type; a jid is made up unless `options` has one. */
  constructor(type: Type, args?: Args, options: JobOptions = NO_OPTIONS) {
    const given: FetchedJobOptions = options;
    const { jid, queue } = given;
    let { at, custom } = given;
    this.#wire = given[FROM_SERVER];
    if (options !== NO_OPTIONS && this.#wire === undefined) this.#fault = unknownProperty(options);
    if (hasShorthands(given)) {
      try {
        ({ at, custom } = expandShorthands(given));
      } catch (error) {
        this.#fault = error;
      }
    }
    this.jid = jid === undefined ? createJid() : jid;
    this.type = type;
    this.args = args === undefined ? [] as unknown as Args : args;
    this.queue = queue === undefined ? DEFAULT_QUEUE : queue;
    this.retry = given.retry;
    this.at = at;
    this.reserveFor = given.reserveFor;
    this.backtrace = given.backtrace;
    this.custom = custom === undefined ? {} : custom;
    this.createdAt = given.createdAt;
    this.enqueuedAt = given.enqueuedAt;
    this.failure = given.failure;
    this.#hasQueue = queue !== undefined;
  }
}
