import { type MakePool, preparePools } from "../connection/connect.ts";
import { resolveTarget } from "../connection/target.ts";
import { StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { brand } from "../brands.ts";
import { insidesOf as readInsides } from "../internal/brand.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { showText } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { JobCatalogue } from "../job/job_catalogue.ts";
import type { HandlerKey } from "../job/typed.ts";
import type { ConsumerObserver } from "../producer/producer.ts";
import { CONSUMER_EVENTS, type ConsumerEvents, type ConsumerState } from "./events.ts";
import { type ConsumerHealth, idleHealth } from "./health.ts";
import { logEvents } from "./log_events.ts";
import {
  checkConsumerOptions,
  type ConsumerOptions,
  type ConsumerSettings,
  resolveSettings,
} from "./options.ts";
import {
  gathering,
  type ManyHandler,
  type ManyOptions,
  type OptionsAndManyHandler,
} from "./chunks/chunks.ts";
import { OutageReminder } from "./outage_reminder.ts";
import { checkChoice, type QueueChoice } from "./fetch/choice.ts";
import type { ConsumerMiddleware } from "./middleware.ts";
import {
  emptyReport,
  type EndReason,
  type Report,
  type RunOptions,
  type SessionLimits,
} from "./report.ts";
import { printRunning, type RunningJob, runningJob } from "./running_job.ts";
import { checkRunOptions, checkStopOptions, type StopOptions } from "./run_options.ts";
import { type HandlerAndOptions, type HandlerOptions, Registry } from "./run/registry.ts";
import { untakenTypes } from "./untaken_queues.ts";
import { listenForSignals } from "./signals.ts";
import { DEFAULT_GRACE_MS, Session, type SessionParts } from "./session/session.ts";

/**
 * Returns the parts of a consumer that `./testing` runs jobs with; `undefined` for another value.
 */
export let insidesOf: (consumer: unknown) => ConsumerInsides | undefined;

/** The parts of a session that do not depend on the server. */
export type ConsumerInsides = Pick<
  SessionParts,
  "settings" | "catalogue" | "queues" | "registry" | "events"
>;

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
  readonly #options: ConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #clock: Clock;
  readonly #catalogue: JobCatalogue | undefined;
  readonly #registry: Registry;
  readonly #events = new Emitter<ConsumerEvents>(CONSUMER_EVENTS);
  readonly #reminder: OutageReminder;
  #queues: QueueChoice;
  #makePool: MakePool | undefined;
  #session: Session | undefined;
  #run: Promise<Report> | undefined;
  #opening: AbortController | undefined;
  /** The error of a connection that was lost for good while the session was opening. */
  #lost: Error | undefined;
  /** A stop is in progress. */
  #isStopping = false;
  /** `quiet()` was called before the session was open. */
  #isQuiet = false;

  static {
    brand({ Consumer }, (consumer: Consumer) => consumer.#insides);
    insidesOf = (consumer) => readInsides("Consumer", consumer);
  }

  /**
   * Creates a consumer. It connects when it is run.
   *
   * @throws {ConfigError} if an option is invalid.
   */
  constructor(options: ConsumerOptions<Jobs> = {}) {
    checkConsumerOptions(options);
    this.#options = options;
    this.#catalogue = JobCatalogue.of(options.jobs);
    this.#registry = new Registry(this.#catalogue);
    this.#settings = resolveSettings(options, this.#catalogue);
    this.#queues = this.#settings.queues;
    this.#clock = options.clock ?? systemClock;
    this.#reminder = new OutageReminder(this.#events, this.#clock);
    const { logger, logLevel: level, worker: { wid } } = this.#settings;
    if (logger !== undefined && level !== "none") logEvents(this.#events, { logger, level, wid });
  }

  /** This worker's id. */
  get wid(): string {
    return this.#settings.worker.wid;
  }

  /** The consumer's state. */
  get state(): ConsumerState {
    return this.#session?.state ?? "idle";
  }

  /** The running jobs, in the order in which they started. */
  get running(): readonly RunningJob[] {
    return (this.#session?.running ?? []).map(runningJob);
  }

  /**
   * Returns the consumer's health: if it works, the reasons if it does not, and the figures behind
   * that. `healthHandler` of `./health` serves it over HTTP.
   */
  health(): ConsumerHealth {
    const { worker: { wid }, concurrency } = this.#settings;
    return this.#session?.health() ?? idleHealth(wid, concurrency);
  }

  /** The queues that the consumer fetches from. */
  get queues(): QueueChoice {
    return this.#queues;
  }

  /**
   * Changes the queues to fetch from, also while the consumer runs. A FETCH already waiting is not
   * cancelled, so one more job from the old queues may arrive within two seconds.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   * @throws {InvalidArgumentError} `INVALID_QUEUE`.
   */
  setQueues(queues: QueueChoice): void {
    this.#queues = checkChoice(queues);
    this.#session?.choose(this.#queues);
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
    const many = gathering(options as ManyOptions, handler as unknown as ManyHandler, settings);
    // Calls `register`, because a subclass may override it.
    (this as unknown as Consumer).register(String(type), many.handler, many.options);
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

  /** Calls `listener` on every `event`. Returns a function that removes the listener. */
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
    return await this.#begin(checkRunOptions(options));
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
    return await this.#begin({ ...checkRunOptions(options), untilEmpty: true });
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
    let hasBegun = false;
    const forget = this.#events.on("start", () => hasBegun = true);
    try {
      const limits = { maxJobs: 1, untilEmpty: true, failsWithoutAnswer: true };
      const { unfinished } = await this.#begin(limits);
      // A job whose reservation ended is neither done nor failed.
      return hasBegun || unfinished.length > 0;
    } finally {
      forget();
    }
  }

  /** Stops fetching jobs. Running jobs continue, and the consumer runs until `stop()`. */
  quiet(): void {
    this.#isQuiet = true;
    this.#session?.quiet();
  }

  /**
   * Stops fetching jobs, waits for running jobs, and ends the run. Resolves when `run()` has. Jobs
   * that have not ended after `graceMs` are aborted, and then released to the server by FAIL.
   *
   * This takes at most `graceMs` and 2.5 seconds, even if the server does not respond. A second
   * call aborts running jobs at once, or after its own `graceMs`, and then ends within a second.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { graceMs = this.#isStopping ? 0 : DEFAULT_GRACE_MS, error } = checkStopOptions(options);
    this.#session?.stopsFor(error);
    this.#end(graceMs, "stopped");
    // The result is for the caller of run().
    await this.#run?.then(() => {}, () => {});
  }

  /** Calls {@linkcode Consumer.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #end(graceMs: number, reason: EndReason): void {
    this.#isStopping = this.#run !== undefined;
    this.#opening?.abort();
    this.#session?.stop(graceMs, reason);
  }

  #begin(limits: SessionLimits): Promise<Report> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the consumer as it is already running"),
      );
    }
    this.#run = this.#runSession(limits).finally(() => {
      this.#run = undefined;
      this.#isStopping = false;
    });
    return this.#run;
  }

  async #runSession(limits: SessionLimits): Promise<Report> {
    const opening = this.#opening = new AbortController();
    this.#lost = undefined;
    if (this.#options.signal?.aborted === true) opening.abort();
    const forgetSignals = listenForSignals(this.#options, {
      abort: () => void this.stop(),
      stop: () => this.#end(this.#isStopping ? 0 : DEFAULT_GRACE_MS, "signal"),
      quiet: () => this.quiet(),
      print: () => printRunning(this, this.#settings.logger, this.#clock),
    });
    let observer: ConsumerObserver | undefined;
    try {
      const makePool = this.#makePool ??= await this.#prepare();
      const queues = this.#queues;
      observer = this.#settings.telemetry?.consumer({
        server: resolveTarget(this.#options).target,
        wid: this.wid,
        figures: () => this.health(),
      });
      const session = this.#session = await Session.open(
        { ...this.#insides, makePool, clock: this.#clock, limits, observer },
        opening.signal,
      );
      this.#opening = undefined;
      this.#events.emit("state", { state: "running" });
      this.#warnOfUntaken();
      // The stop came too late to cancel the opening.
      if (opening.signal.aborted) session.stop(DEFAULT_GRACE_MS);
      // A connection was lost for good while the others were opening.
      const lost = this.#lost;
      if (lost !== undefined) session.disconnected(lost, undefined);
      // These methods were called while the session was opening.
      if (this.#queues !== queues) session.choose(this.#queues);
      if (this.#isQuiet) session.quiet();
      return await session.report();
    } catch (error) {
      // Stopped before it was connected: no job has started, and this is not an error.
      if (!opening.signal.aborted) throw error;
      return emptyReport();
    } finally {
      this.#opening = undefined;
      this.#reminder.end();
      this.#isQuiet = false;
      forgetSignals();
      observer?.close();
    }
  }

  /**
   * Warns about types whose jobs the catalogue sends to a queue that is not fetched from. Their
   * handlers would silently get no jobs.
   */
  #warnOfUntaken(): void {
    for (
      const { type, queue } of untakenTypes(this.#registry.types, this.#queues, this.#catalogue)
    ) {
      this.#events.emit("warning", {
        code: "QUEUE_NOT_TAKEN",
        message:
          `The handler of ${showText(type)} gets no jobs: the catalogue sends them to the queue ` +
          `${queue}, and the consumer does not fetch from it`,
      });
    }
  }

  get #insides(): ConsumerInsides {
    const [settings, catalogue, queues] = [this.#settings, this.#catalogue, this.#queues];
    return { settings, catalogue, queues, registry: this.#registry, events: this.#events };
  }

  #prepare(): Promise<MakePool> {
    return preparePools(this.#options, {
      delivery: "at-least-once",
      attempts: Infinity,
      listener: {
        disconnected: (error, retryInMs) => {
          if (this.#opening === undefined) this.#session?.disconnected(error, retryInMs);
          else if (retryInMs === undefined) this.#lost = error;
        },
        reconnected() {},
      },
      status: {
        disconnected: (outage) => {
          this.#reminder.begin(outage);
          this.#events.emit("disconnect", outage);
        },
        reconnected: (recovery) => {
          this.#reminder.end();
          this.#events.emit("reconnect", recovery);
        },
        refused: ({ code, message }) => this.#events.emit("warning", { code, message }),
      },
    });
  }
}
