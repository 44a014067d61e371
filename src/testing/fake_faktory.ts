import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import { type Consumer, type ConsumerInternals, internalsOf } from "../consumer/consumer.ts";
import { namesOf } from "../consumer/fetch/order.ts";
import { InvalidArgumentError } from "../errors.ts";
import { ManualClock } from "../internal/clock.ts";
import { nearestName } from "../internal/nearest.ts";
import { showValue } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import type { JobArgs } from "../job/typed.ts";
import { Producer } from "../producer/producer.ts";
import type { ServerSnapshot } from "../server/server_state.ts";
import type { Payload } from "../server/payload.ts";
import { runToEnd } from "../server/slices.ts";
import { readStored } from "../server/stored_job.ts";
import { AssertionError } from "./assertion_error.ts";
import type { ExpectedJob } from "./expected_job.ts";
import { type FakeConnection, FakeServer } from "./fake_server.ts";
import { runTestWorker } from "./test_worker.ts";
import { type ExpectedJobs, findJobs, findNone } from "./search.ts";
import type { DrainedJob } from "./recording_emitter.ts";

/** Options of {@linkcode FakeFaktory.start}. */
export interface FakeFaktoryOptions<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * The catalogue of the program's jobs. {@linkcode FakeFaktory.producer} uses it like the
   * program's own producer, for defaults and checks.
   *
   * @default any jobs
   */
  readonly jobs?: Jobs | undefined;
  /** The server's clock. @default a clock that stands at the time of the start */
  readonly clock?: ManualClock | undefined;
}

const FAKE_OPTIONS = { clock: true, jobs: true } as const satisfies OptionNames<FakeFaktoryOptions>;

/** Options of {@linkcode FakeFaktory.drain}. */
export interface DrainOptions {
  /**
   * If true, failed jobs do not reject the promise. For tests of what follows a failure.
   *
   * @default false
   */
  readonly allowFailures?: boolean | undefined;
  /** Number of jobs to run at the same time. @default 1, so that jobs run in order */
  readonly concurrency?: number | undefined;
  /** Number of jobs after which the queues count as never empty. @default 10000 */
  readonly maxJobs?: number | undefined;
}

const DRAIN_OPTIONS = {
  allowFailures: true,
  concurrency: true,
  maxJobs: true,
} as const satisfies OptionNames<DrainOptions>;

/** Options of {@linkcode FakeFaktory.inline}. */
export interface InlineOptions {
  /**
   * Producers of the program that are connected to this fake, whose jobs run inline too.
   *
   * @default none
   */
  readonly producers?: readonly Producer[] | undefined;
}

const INLINE_OPTIONS = { producers: true } as const satisfies OptionNames<InlineOptions>;

/**
 * Maximum number of concurrent inline runs. Above it, handlers probably enqueue their own jobs
 * endlessly.
 */
const MAX_INLINE = 1000;

/**
 * A Faktory server for tests, in memory. It accepts jobs from real producers, records them, and
 * runs them on demand.
 *
 * - **fake**: jobs are recorded. See `jobs`, `assertEnqueued` and `assertNotEnqueued`.
 * - **drain**: the recorded jobs run until none is left. See `drain`.
 * - **inline**: a job runs while it is enqueued. See `inline`.
 *
 * Nothing waits: the server's time is `clock`, which a test moves.
 *
 * @example Test which jobs a function enqueues, and run them
 * ```ts
 * import { Consumer, type Producer } from "@faktory-ts/faktory";
 * import { FakeFaktory } from "@faktory-ts/faktory/testing";
 *
 * async function signUp(name: string, producer: Producer) {
 *   await producer.enqueue("welcome", [name], { queue: "mail" });
 * }
 *
 * await using faktory = await FakeFaktory.start();
 * await signUp("Ada", faktory.producer);
 * faktory.assertEnqueued("welcome", { args: ["Ada"], queue: "mail" });
 *
 * const greeted: string[] = [];
 * const consumer = new Consumer({ queues: ["mail"] });
 * consumer.register("welcome", (job) => void greeted.push(job.args[0]));
 * await faktory.drain(consumer);
 * console.assert(greeted[0] === "Ada");
 * ```
 */
export class FakeFaktory<Jobs extends JobDefinitions = JobDefinitions> implements AsyncDisposable {
  /** A producer that is connected to this fake, for the code under test. */
  readonly producer: Producer<Jobs>;
  /**
   * Options for `Producer.connect` and `new Consumer`, for code under test that connects itself. A
   * consumer can `run` with them and stops at once. Its `runToCompletion` takes a second of its own
   * clock; `drain` does not.
   */
  readonly connection: FakeConnection;
  /** The server's clock. To run retries and scheduled jobs, `advance` it, then `drain`. */
  readonly clock: ManualClock;
  readonly #server: FakeServer;
  readonly #inlineProducers = new WeakSet<Producer>();
  #inline: ConsumerInternals | undefined;
  #inlineRuns = 0;

  private constructor(server: FakeServer, producer: Producer<Jobs>, clock: ManualClock) {
    if (!(producer instanceof Producer)) {
      throw refuseConstruction("FakeFaktory", "FakeFaktory.start(options)");
    }
    this.#server = server;
    this.producer = producer;
    this.connection = server.connection;
    this.clock = clock;
  }

  /**
   * Starts a fake. Dispose of it or `close` it at the end of the test.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  static async start<Jobs extends JobDefinitions = JobDefinitions>(
    options: FakeFaktoryOptions<Jobs> = {},
  ): Promise<FakeFaktory<Jobs>> {
    checkOptionNames(options, FAKE_OPTIONS, "FakeFaktory.start");
    // Starts at the time of `Date`, mocked or not, since code under test calculates times from
    // `Date`.
    const { jobs, clock = new ManualClock(Date.now()) } = options;
    if (typeof clock?.advance !== "function") throw invalidOption("clock", "a ManualClock", clock);
    const server = FakeServer.start(clock);
    const producer = await Producer.connect<Jobs>({ ...server.connection, jobs });
    return new FakeFaktory(server, producer, clock);
  }

  /** The enqueued jobs in order, in the form that the server received. Includes scheduled jobs. */
  get jobs(): readonly Job[] {
    return this.#server.jobs;
  }

  /** Counts the waiting, scheduled, failed and dead jobs. */
  snapshot(): ServerSnapshot {
    return this.#server.state.snapshot();
  }

  /**
   * Returns the jobs of this type that match.
   *
   * @throws {AssertionError} `NOT_ENQUEUED` if there is none, or their number is not `times`. The
   *   message lists the jobs that exist.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if no job can match.
   */
  assertEnqueued<Type extends keyof Jobs & string>(
    type: Type,
    expected: ExpectedJobs<JobArgs<Jobs, Type>> = {},
  ): [Job, ...Job[]] {
    this.#checkType(type);
    return findJobs(this.jobs, type, expected);
  }

  /**
   * Asserts that no job of this type matches.
   *
   * @throws {AssertionError} `ENQUEUED` if there is one.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if no job can match.
   */
  assertNotEnqueued<Type extends keyof Jobs & string>(
    type: Type,
    expected: ExpectedJob<JobArgs<Jobs, Type>> = {},
  ): void {
    this.#checkType(type);
    findNone(this.jobs, type, expected);
  }

  /** Deletes all jobs, including scheduled, dead and recorded ones. */
  clear(): void {
    this.#server.clear();
  }

  /**
   * Runs the jobs on the consumer's queues until none is left, including jobs that have become due
   * and jobs that handlers enqueue. Returns the outcome of each. The consumer need not be connected
   * to this fake. Its handlers, middleware, time limits and listeners are used, its connections and
   * limits are not.
   *
   * After all jobs have run, rejects with the error of the first failed job, unless failures are
   * allowed. The outcomes `Discard`, `Kill`, `RetryAfter` and `Snooze` are not failures.
   *
   * @throws {AssertionError} `NEVER_EMPTY` if handlers enqueue jobs endlessly.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the argument is not a consumer.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async drain(consumer: Consumer, options: DrainOptions = {}): Promise<readonly DrainedJob[]> {
    const internals = checkConsumer("drain the queues", consumer);
    checkOptionNames(options, DRAIN_OPTIONS, "drain");
    const max = Number.MAX_SAFE_INTEGER;
    const maxJobs = integerIn("maxJobs", options.maxJobs, { min: 1, max, fallback: 10_000 });
    const limits = { min: 1, max: 10_000, fallback: 1 };
    const concurrency = integerIn("concurrency", options.concurrency, limits);
    const { manager } = this.#server.state.context;
    runToEnd(manager.enqueueDue("scheduled"));
    runToEnd(manager.enqueueDue("retries"));
    const runs: DrainedJob[] = [];
    // Several rounds are needed if a handler did not wait for its enqueue.
    while (this.#hasJobs(internals)) {
      if (runs.length >= maxJobs) {
        throw new AssertionError(
          "NEVER_EMPTY",
          `Cannot drain the queues as ${maxJobs} jobs have run and more are left: ` +
            "does a handler enqueue its own job again?",
        );
      }
      const more = await this.#runTestWorker(internals, {
        maxJobs: maxJobs - runs.length,
        concurrency,
      });
      if (more.length === 0) break;
      runs.push(...more);
    }
    if (options.allowFailures !== true) rejectFailed(runs);
    return runs;
  }

  /**
   * Makes `consumer` run each job that {@linkcode FakeFaktory.producer} or a handler's
   * `context.producer` enqueues, before the enqueue resolves. The enqueue rejects with the
   * handler's error. Scheduled jobs, and jobs for queues that the consumer does not fetch from, are
   * recorded as usual. Jobs that are enqueued together run together, at most 1000.
   *
   * Lasts until the returned object is disposed.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if an argument is not a consumer or producer.
   */
  inline(consumer: Consumer, options: InlineOptions = {}): Disposable {
    const internals = checkConsumer("run jobs as they are enqueued", consumer);
    checkOptionNames(options, INLINE_OPTIONS, "inline");
    this.#runInline(this.producer);
    for (const producer of options.producers ?? []) this.#runInline(producer);
    this.#inline = internals;
    return {
      [Symbol.dispose]: () => {
        if (this.#inline === internals) this.#inline = undefined;
      },
    };
  }

  /** Closes the fake. The recorded jobs remain in `jobs`. */
  async close(): Promise<void> {
    await this.producer.close();
    this.#server.close();
  }

  /** Same as {@linkcode FakeFaktory.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Rejects a type that no job can have. It is probably misspelled, and `assertNotEnqueued` would
   * always pass.
   */
  #checkType(type: string): void {
    const { jobs } = this.producer;
    if (jobs === undefined || Object.hasOwn(jobs, type)) return;
    const meant = nearestName(type, Object.keys(jobs));
    throw new InvalidArgumentError(
      "INVALID_ARGUMENT",
      `Cannot look for a job as its type is not in the catalogue: got ${showValue(type)}${
        meant === undefined ? "" : `: did you mean ${showValue(meant)}?`
      }`,
    );
  }

  /** Returns those of the consumer's queues that it fetches from the server. */
  #queuesOf({ queues: choice }: ConsumerInternals): readonly string[] {
    const { queues } = this.#server.state.context.manager;
    return queues.active(namesOf(choice, queues.sizes()));
  }

  #hasJobs(consumer: ConsumerInternals): boolean {
    const { queues } = this.#server.state.context.manager;
    return this.#queuesOf(consumer).some((name) => queues.oldest(name) !== undefined);
  }

  #runTestWorker(
    consumer: ConsumerInternals,
    options: { maxJobs: number; concurrency: number; first?: Payload },
  ): Promise<readonly DrainedJob[]> {
    const onProducer = this.#inline === undefined
      ? undefined
      : (producer: Producer) => this.#runInline(producer);
    const queues = this.#queuesOf(consumer);
    return runTestWorker(this.#server, consumer, {
      ...options,
      queues,
      clock: this.clock,
      onProducer,
    });
  }

  /** Runs the jobs of a producer inline while that is requested. */
  #runInline(producer: Producer): void {
    if (!(producer instanceof Producer)) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        `Cannot run a producer's jobs as it is not a Producer: got ${showValue(producer)}`,
      );
    }
    if (this.#inlineProducers.has(producer)) return;
    this.#inlineProducers.add(producer);
    producer.use(async (_job, next) => {
      const jid = await next();
      await this.#runJobInline(jid);
      return jid;
    });
  }

  async #runJobInline(jid: string): Promise<void> {
    const consumer = this.#inline;
    if (consumer === undefined) return;
    const { queues } = this.#server.state.context.manager;
    const first = queues.take(
      this.#queuesOf(consumer),
      (payload) => readStored(payload).jid === jid,
    );
    // The job is scheduled, is for another consumer, or a connected consumer has fetched it
    // already.
    if (first === undefined) return;
    if (this.#inlineRuns >= MAX_INLINE) {
      throw new AssertionError(
        "NEVER_EMPTY",
        `Cannot run job ${jid} inline as ${MAX_INLINE} other jobs have not ended: ` +
          "does a handler enqueue its own job again? For very many jobs at once, use drain.",
      );
    }
    this.#inlineRuns++;
    try {
      rejectFailed(await this.#runTestWorker(consumer, { maxJobs: 1, concurrency: 1, first }));
    } finally {
      this.#inlineRuns--;
    }
  }
}

function rejectFailed(runs: readonly DrainedJob[]): void {
  const failed = runs.find(({ outcome }) => outcome === "failed");
  if (failed !== undefined) throw failed.error;
}

/** @throws {InvalidArgumentError} `INVALID_ARGUMENT`. */
function checkConsumer(action: string, consumer: unknown): ConsumerInternals {
  const internals = internalsOf(consumer);
  if (internals !== undefined) return internals;
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${action} as the argument is not a Consumer: got ${showValue(consumer)}`,
  );
}
