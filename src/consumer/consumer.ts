import { Emitter, type Listener } from "../events.ts";
import { brand } from "../brands.ts";
import { internalsOf as readInternals } from "../internal/brand.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { JobCatalogue } from "../job/job_catalogue.ts";
import type { HandlerKey } from "../job/typed.ts";
import {
  collectChunks,
  type ManyHandler,
  type ManyOptions,
  type OptionsAndManyHandler,
} from "./chunks/chunks.ts";
import { CONSUMER_EVENTS, type ConsumerEvents, type ConsumerState } from "./events.ts";
import { checkChoice, type QueueChoice } from "./fetch/choice.ts";
import { type ConsumerHealth, idleHealth } from "./health.ts";
import { logEvents } from "./log_events.ts";
import type { ConsumerMiddleware } from "./middleware.ts";
import {
  checkConsumerOptions,
  type ConsumerOptions,
  type ConsumerSettings,
  resolveSettings,
} from "./options.ts";
import type { Report, RunOptions } from "./report.ts";
import { type HandlerAndOptions, type HandlerOptions, Registry } from "./run/registry.ts";
import { checkRunOptions, checkStopOptions, type StopOptions } from "./run_options.ts";
import { type RunningJob, runningJob } from "./running_job.ts";
import type { ConsumerInternals } from "./session/session.ts";
import { SessionRunner } from "./session/session_runner.ts";

export type { ConsumerInternals } from "./session/session.ts";

/**
 * Returns the parts of a consumer that `./testing` runs jobs with; `undefined` for another value.
 */
export function internalsOf(consumer: unknown): ConsumerInternals | undefined {
  return readInternals("Consumer", consumer);
}

/**
 * Fetches jobs from the server and runs them.
 *
 * A job is acknowledged (ACK) when its handler succeeds, and failed (FAIL) when its handler throws.
 * The server gives a job to one consumer at a time. If no result is reported before the job's
 * reservation ends, another consumer gets the job, so a job runs at least once.
 *
 * @example Run jobs until the program is told to stop
 * ```ts no-assert ignore
 * import { Consumer } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer({ concurrency: 20, queues: ["critical", "default"] });
 * consumer.register("resize", async (job, { signal }) => {
 *   const [path, width] = job.args;
 *   await fetch(`http://localhost:8080/resize/${path}?width=${width}`, { signal });
 * });
 * const report = await consumer.run();
 * console.log(report.reason);
 * ```
 */
export class Consumer<Jobs extends JobDefinitions = JobDefinitions> implements AsyncDisposable {
  readonly #settings: ConsumerSettings;
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #events = new Emitter<ConsumerEvents>(CONSUMER_EVENTS);
  readonly #runner: SessionRunner;
  readonly #internals: Omit<ConsumerInternals, "queues">;

  // Not a `#private` field, which some minifiers remove if it is not read.
  private static readonly isBranded = /* @__PURE__ */ brand(
    { Consumer },
    (consumer: Consumer) => ({ ...consumer.#internals, queues: consumer.queues }),
  );

  /**
   * Creates a consumer. It connects when it is run.
   *
   * @throws {ConfigError} if an option is invalid.
   */
  constructor(options: ConsumerOptions<Jobs> = {}) {
    checkConsumerOptions(options);
    const catalogue = JobCatalogue.of(options.jobs);
    const settings = this.#settings = resolveSettings(options, catalogue);
    const clock = this.#clock = options.clock ?? systemClock;
    const registry = this.#registry = new Registry(catalogue);
    this.#internals = { settings, catalogue, registry, events: this.#events };
    this.#runner = new SessionRunner(this, {
      ...{ options, internals: this.#internals, queues: settings.queues, clock },
    });
    const { logger, logLevel: level, worker: { wid } } = settings;
    if (logger !== undefined && level !== "none") logEvents(this.#events, { logger, level, wid });
  }

  /** This worker's id. */
  get wid(): string {
    return this.#settings.worker.wid;
  }

  /** The consumer's state. */
  get state(): ConsumerState {
    return this.#runner.session?.state ?? "idle";
  }

  /** The running jobs, in the order in which they started. */
  get running(): readonly RunningJob[] {
    return (this.#runner.session?.running ?? []).map(runningJob);
  }

  /**
   * Returns the consumer's health: if it works, the reasons if it does not, and the measurements
   * that this is derived from. `healthHandler` of `./health` serves it over HTTP.
   */
  health(): ConsumerHealth {
    const { worker: { wid }, concurrency } = this.#settings;
    return this.#runner.session?.health() ?? idleHealth(wid, concurrency);
  }

  /** The queues that the consumer fetches from. */
  get queues(): QueueChoice {
    return this.#runner.queues;
  }

  /**
   * Changes the queues to fetch from, also while the consumer runs. A FETCH already waiting is not
   * cancelled, so one more job from the old queues may arrive within two seconds.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   * @throws {InvalidArgumentError} `INVALID_QUEUE`.
   */
  setQueues(queues: QueueChoice): void {
    this.#runner.setQueues(checkChoice(queues));
  }

  /**
   * Registers the handler of a job type. A job whose type has no handler fails. A handler can be
   * replaced while the consumer runs.
   *
   * With a catalogue, `Key` is the type's name, which gives the types of the arguments; without
   * one, `Key` is the types of the arguments.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  // deno-lint-ignore no-explicit-any
  register<Key extends HandlerKey<Jobs> = any>(
    type: string extends keyof Jobs ? string : Key,
    ...[handler, options = {}]: HandlerAndOptions<Jobs, Key>
  ): this {
    this.#registry.register(type, handler, options as HandlerOptions);
    return this;
  }

  /**
   * Registers a handler that runs many jobs of a type in one call, for example one bulk insert for
   * a hundred jobs. Jobs are collected until there are `size` of them, or until the first has
   * waited for `waitMs`. Each job is acknowledged or failed separately (ACK, FAIL), has its own
   * events, middleware, retries and limits, and occupies one of the consumer's slots while it waits
   * and runs.
   *
   * @example Index up to a hundred documents at once
   * ```ts no-assert
   * import { Consumer } from "@faktory-ts/faktory";
   *
   * const consumer = new Consumer({ concurrency: 200 });
   * const options = { size: 100, waitMs: 500 };
   * consumer.registerMany<[id: string]>("index", options, async (jobs, { fail }) => {
   *   const body = jobs.map((job) => job.args[0]).join();
   *   const response = await fetch("http://localhost:9200/_bulk", { method: "POST", body });
   *   const refused: string[] = await response.json();
   *   for (const job of jobs) {
   *     if (refused.includes(job.args[0])) fail(job, new Error("not indexed"));
   *   }
   * });
   * ```
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  // deno-lint-ignore no-explicit-any
  registerMany<Key extends HandlerKey<Jobs> = any>(
    type: string extends keyof Jobs ? string : Key,
    ...[options, handler]: OptionsAndManyHandler<Jobs, Key>
  ): this {
    const settings = { slots: this.#settings.concurrency, clock: this.#clock };
    const collected = collectChunks(
      options as ManyOptions,
      handler as unknown as ManyHandler,
      settings,
    );
    // Calls `register`, because a subclass may override it.
    (this as unknown as Consumer).register(String(type), collected.handler, collected.options);
    return this;
  }

  /**
   * Adds middleware around the handlers of all types. The first one added is the outermost.
   *
   * @example Measure each job
   * ```ts no-assert
   * import { Consumer } from "@faktory-ts/faktory";
   *
   * const consumer = new Consumer();
   * consumer.use(async (job, context, next) => {
   *   const before = performance.now();
   *   try {
   *     await next();
   *   } finally {
   *     context.log.info(`${job.type} took ${performance.now() - before} ms`);
   *   }
   * });
   * ```
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  use(middleware: ConsumerMiddleware): this {
    this.#registry.use(middleware);
    return this;
  }

  /**
   * Calls `listener` on every `event`. Returns a function that removes the listener.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such event.
   */
  on<Name extends keyof ConsumerEvents>(
    event: Name,
    listener: Listener<ConsumerEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Runs jobs until `stop()` is called, the server stops the worker, or a limit of `options` is
   * reached. Resolves to a report. The consumer can run again after that.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   * @throws {ConnectError} if the server cannot be reached or refuses the connection;
   * `AuthenticationError` if the password is wrong or missing.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async run(options: RunOptions = {}): Promise<Report> {
    return await this.#runner.run(checkRunOptions(options));
  }

  /**
   * Runs jobs until the queues are empty and no job runs, including jobs that those jobs enqueue.
   * Ends earlier at a limit of `options`.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   * @throws {ConnectError} if the server cannot be reached or refuses the connection;
   * `AuthenticationError` if the password is wrong or missing.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async runToCompletion(options: RunOptions = {}): Promise<Report> {
    return await this.#runner.run({ ...checkRunOptions(options), untilEmpty: true });
  }

  /**
   * Runs one job, if one arrives within two seconds. Resolves to true if a job arrived. If its
   * handler throws, the job fails, not this call.
   *
   * @throws {TimeoutError} if the server answers no FETCH within `commandTimeoutMs`.
   * @throws {ConnectError} if the server cannot be reached or refuses the connection;
   * `AuthenticationError` if the password is wrong or missing.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async runOne(): Promise<boolean> {
    let hasStarted = false;
    const removeListener = this.#events.on("start", () => hasStarted = true);
    try {
      const limits = { maxJobs: 1, untilEmpty: true, failsWithoutAnswer: true };
      const { unfinished } = await this.#runner.run(limits);
      // A job whose reservation ended is neither done nor failed.
      return hasStarted || unfinished.length > 0;
    } finally {
      removeListener();
    }
  }

  /** Stops fetching jobs. Running jobs continue, and the consumer runs until `stop()`. */
  quiet(): void {
    this.#runner.quiet();
  }

  /**
   * Stops fetching jobs, waits for running jobs, and ends the run. Resolves when `run()` has. Jobs
   * that have not ended after `graceMs` are aborted, and then released to the server by FAIL.
   *
   * This takes at most `graceMs` and 2.5 seconds, even if the server does not respond. A second
   * call aborts running jobs at once, or after its own `graceMs`, and then ends within a second.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.#runner.stop(checkStopOptions(options));
  }

  /** Calls {@linkcode Consumer.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
