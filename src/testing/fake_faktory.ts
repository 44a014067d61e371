import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import { type Consumer, type ConsumerInsides, insidesOf } from "../consumer/consumer.ts";
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
import { help } from "./helper.ts";
import { type ExpectedJobs, findJobs, findNone } from "./search.ts";
import type { DrainedJob } from "./tap.ts";

/** Options of {@linkcode FakeFaktory.start}. */
export interface FakeFaktoryOptions<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * The catalogue of the jobs that there are: {@linkcode FakeFaktory.producer} gives jobs its
   * defaults and checks them, as the program's own producer does.
   *
   * @default any jobs
   */
  readonly jobs?: Jobs | undefined;
  /** The server's clock. @default one that stands at the time of the start */
  readonly clock?: ManualClock | undefined;
}

const FAKE_OPTIONS = { clock: true, jobs: true } as const satisfies OptionNames<FakeFaktoryOptions>;

/** Options of {@linkcode FakeFaktory.drain}. */
export interface DrainOptions {
  /**
   * Whether a job that fails is no reason to reject: for tests of what comes after a failure.
   * @default false
   */
  readonly allowFailures?: boolean | undefined;
  /** Jobs that run at the same time. @default 1, so that they run in their order */
  readonly concurrency?: number | undefined;
  /** Jobs after which the queues are taken to fill up for ever. @default 10000 */
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
   * Producers of one's own, connected to this fake, whose jobs are to be run at once as well.
   * @default none
   */
  readonly producers?: readonly Producer[] | undefined;
}

const INLINE_OPTIONS = { producers: true } as const satisfies OptionNames<InlineOptions>;

/**
 * Runs of {@linkcode FakeFaktory.inline} under way at once, past which handlers are taken to
 * enqueue their own jobs for ever.
 */
const MAX_INLINE = 1000;

/**
 * A Faktory for tests, in memory: it takes jobs from real producers, remembers them, and runs them
 * when it is told to.
 *
 * - **fake**: jobs are collected; see `jobs`, `assertEnqueued` and `assertNotEnqueued`.
 * - **drain**: the collected jobs are run until none is left; see `drain`.
 * - **inline**: a job is run as it is enqueued; see `inline`.
 *
 * Nothing waits: the server's time is that of `clock`, which a test moves.
 *
 * @example What does this function enqueue, and what does that do?
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
  /** A producer whose jobs come here: give it to the code under test. */
  readonly producer: Producer<Jobs>;
  /**
   * Options with which `Producer.connect` and `new Consumer` come here, for code under test that
   * connects by itself. A consumer may `run` here and stops at once; its `runToCompletion` takes a
   * second of its own clock, which `drain` does not.
   */
  readonly connection: FakeConnection;
  /** The server's clock: `advance` it, then `drain`, to have retries and scheduled jobs run. */
  readonly clock: ManualClock;
  readonly #server: FakeServer;
  readonly #adopted = new WeakSet<Producer>();
  #inline: ConsumerInsides | undefined;
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
   * Starts one. Dispose of it, or `close` it, at the test's end.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  static async start<Jobs extends JobDefinitions = JobDefinitions>(
    options: FakeFaktoryOptions<Jobs> = {},
  ): Promise<FakeFaktory<Jobs>> {
    checkOptionNames(options, FAKE_OPTIONS, "FakeFaktory.start");
    // Code under test takes the times of its jobs from `Date`, a mocked one too, so that is where
    // this one begins.
    const { jobs, clock = new ManualClock(Date.now()) } = options;
    if (typeof clock?.advance !== "function") throw invalidOption("clock", "a ManualClock", clock);
    const server = FakeServer.start(clock);
    const producer = await Producer.connect<Jobs>({ ...server.connection, jobs });
    return new FakeFaktory(server, producer, clock);
  }

  /**
   * The jobs that were enqueued, in their order, as the server got them; the scheduled ones, with
   * `at`, included.
   */
  get jobs(): readonly Job[] {
    return this.#server.jobs;
  }

  /** What the server holds at this moment: jobs waiting, scheduled, to be retried, dead. */
  snapshot(): ServerSnapshot {
    return this.#server.core.snapshot();
  }

  /**
   * Gives the jobs of this type that are as expected.
   *
   * @throws {AssertionError} `NOT_ENQUEUED` where there is none, or another number than `times`;
   * says what there is instead.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on an expectation that cannot be met by any
   * job.
   */
  assertEnqueued<Type extends keyof Jobs & string>(
    type: Type,
    expected: ExpectedJobs<JobArgs<Jobs, Type>> = {},
  ): [Job, ...Job[]] {
    this.#checkType(type);
    return findJobs(this.jobs, type, expected);
  }

  /**
   * Makes sure that there is no job of this type that is like this.
   *
   * @throws {AssertionError} `ENQUEUED` where there is one.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on an expectation that cannot be met by any
   * job.
   */
  assertNotEnqueued<Type extends keyof Jobs & string>(
    type: Type,
    expected: ExpectedJob<JobArgs<Jobs, Type>> = {},
  ): void {
    this.#checkType(type);
    findNone(this.jobs, type, expected);
  }

  /** Forgets every job, those that were run, scheduled or are dead included. */
  clear(): void {
    this.#server.clear();
  }

  /**
   * Runs the jobs on the queues of `consumer`, those that have become due and those that handlers
   * enqueue included, until none is left, and tells how each ended. The consumer need not be
   * connected to this fake: its handlers, middleware, time limits and listeners are used; its
   * connections and its limits are not.
   *
   * Rejects, once all were run, with what the first job that failed has thrown, unless failures are
   * allowed. An outcome (`Discard`, `Kill`, `RetryAfter`, `Snooze`) is no such failure.
   *
   * @throws {AssertionError} `NEVER_EMPTY` where handlers enqueue without end.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` where this is no consumer.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async drain(consumer: Consumer, options: DrainOptions = {}): Promise<readonly DrainedJob[]> {
    const insides = checkConsumer("drain the queues", consumer);
    checkOptionNames(options, DRAIN_OPTIONS, "drain");
    const max = Number.MAX_SAFE_INTEGER;
    const maxJobs = integerIn("maxJobs", options.maxJobs, { min: 1, max, fallback: 10_000 });
    const limits = { min: 1, max: 10_000, fallback: 1 };
    const concurrency = integerIn("concurrency", options.concurrency, limits);
    const { manager } = this.#server.core.context;
    runToEnd(manager.enqueueDue("scheduled"));
    runToEnd(manager.enqueueDue("retries"));
    const runs: DrainedJob[] = [];
    // More than once where a handler did not wait for what it has enqueued.
    while (this.#hasJobs(insides)) {
      if (runs.length >= maxJobs) {
        throw new AssertionError(
          "NEVER_EMPTY",
          `Cannot drain the queues as ${maxJobs} jobs were run and there are more: ` +
            "does a handler enqueue its own job again?",
        );
      }
      const more = await this.#help(insides, { maxJobs: maxJobs - runs.length, concurrency });
      if (more.length === 0) break;
      runs.push(...more);
    }
    if (options.allowFailures !== true) rejectFailed(runs);
    return runs;
  }

  /**
   * From now on, a job that {@linkcode FakeFaktory.producer} or a handler's `context.producer`
   * enqueues is run by `consumer` before the enqueue resolves, which rejects with what the handler
   * throws. Jobs for a later time, or for queues that the consumer does not take from, are
   * collected as before. Jobs that are enqueued together run together, 1000 at most.
   *
   * Lasts until what is returned is disposed of.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` where this is no consumer, or no producer.
   */
  inline(consumer: Consumer, options: InlineOptions = {}): Disposable {
    const insides = checkConsumer("run jobs as they are enqueued", consumer);
    checkOptionNames(options, INLINE_OPTIONS, "inline");
    this.#adopt(this.producer);
    for (const producer of options.producers ?? []) this.#adopt(producer);
    this.#inline = insides;
    return {
      [Symbol.dispose]: () => {
        if (this.#inline === insides) this.#inline = undefined;
      },
    };
  }

  /** Ends it; what was enqueued is still in `jobs`. */
  async close(): Promise<void> {
    await this.producer.close();
    this.#server.close();
  }

  /** As {@linkcode FakeFaktory.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * A type that no job can have: most likely a slip, with which `assertNotEnqueued` would always
   * pass.
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

  /** Of the consumer's queues, those that take jobs from the server. */
  #queuesOf({ queues: choice }: ConsumerInsides): readonly string[] {
    const { queues } = this.#server.core.context.manager;
    return queues.active(namesOf(choice, queues.sizes()));
  }

  #hasJobs(consumer: ConsumerInsides): boolean {
    const { queues } = this.#server.core.context.manager;
    return this.#queuesOf(consumer).some((name) => queues.oldest(name) !== undefined);
  }

  #help(
    consumer: ConsumerInsides,
    options: { maxJobs: number; concurrency: number; first?: Payload },
  ): Promise<readonly DrainedJob[]> {
    const adopt = this.#inline === undefined
      ? undefined
      : (producer: Producer) => this.#adopt(producer);
    const queues = this.#queuesOf(consumer);
    return help(this.#server, consumer, { ...options, queues, clock: this.clock, adopt });
  }

  /** Has the jobs of a producer run at once, while that is asked for. */
  #adopt(producer: Producer): void {
    if (!(producer instanceof Producer)) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        `Cannot run a producer's jobs as it is no Producer: got ${showValue(producer)}`,
      );
    }
    if (this.#adopted.has(producer)) return;
    this.#adopted.add(producer);
    producer.use(async (_job, next) => {
      const jid = await next();
      await this.#runInline(jid);
      return jid;
    });
  }

  async #runInline(jid: string): Promise<void> {
    const consumer = this.#inline;
    if (consumer === undefined) return;
    const { queues } = this.#server.core.context.manager;
    const first = queues.take(
      this.#queuesOf(consumer),
      (payload) => readStored(payload).jid === jid,
    );
    // For later, for another consumer, or one that is connected has it already.
    if (first === undefined) return;
    if (this.#inlineRuns >= MAX_INLINE) {
      throw new AssertionError(
        "NEVER_EMPTY",
        `Cannot run job ${jid} as it is enqueued, as ${MAX_INLINE} others have not ended: ` +
          "does a handler enqueue its own job again? Very many jobs at once are for drain.",
      );
    }
    this.#inlineRuns++;
    try {
      rejectFailed(await this.#help(consumer, { maxJobs: 1, concurrency: 1, first }));
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
export function checkConsumer(action: string, consumer: unknown): ConsumerInsides {
  const insides = insidesOf(consumer);
  if (insides !== undefined) return insides;
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${action} as there is no Consumer to do so: got ${showValue(consumer)}`,
  );
}
