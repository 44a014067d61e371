import { type MakeLanes, prepareLanes } from "../connection/connect.ts";
import { integerIn, invalidOption, positive } from "../connection/options.ts";
import { resolveTarget } from "../connection/target.ts";
import { StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { onAbort } from "../internal/aborts.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { plain } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import { KnownJobs } from "../job/known_jobs.ts";
import type { HandlerKey } from "../job/typed.ts";
import type { ConsumerObserver } from "../producer/producer.ts";
import { heedSignals } from "../signals/heed.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import { type ConsumerHealth, healthOf } from "./health.ts";
import { logEvents } from "./log_events.ts";
import { scopedLogger } from "./logger.ts";
import { type ConsumerOptions, type ConsumerSettings, resolveSettings } from "./options.ts";
import { checkChoice, type QueueChoice } from "./fetch/choice.ts";
import type { ConsumerMiddleware } from "./middleware.ts";
import type { EndReason, Report, RunOptions, SessionLimits } from "./report.ts";
import { type HandlerAndOptions, Registry } from "./run/registry.ts";
import { DEFAULT_GRACE_MS, Session, type SessionParts } from "./session/session.ts";

/** A job that a consumer runs at this moment. */
export interface RunningJob {
  /** The job. */
  readonly job: Job;
  /** 1 the first time that the job runs. */
  readonly attempt: number;
  /** When its handler began. */
  readonly startedAt: Date;
}

/** Options of {@linkcode Consumer.stop}. */
export interface StopOptions {
  /** How long running jobs may go on before they are aborted, in milliseconds. @default 25000 */
  readonly graceMs?: number | undefined;
}

/** What `./testing` takes of a consumer, to run jobs as it would; `undefined` for what is none. */
export let insidesOf: (consumer: unknown) => ConsumerInsides | undefined;

/** The parts of a session that do not depend on where its jobs come from. */
export type ConsumerInsides = Pick<
  SessionParts,
  "settings" | "known" | "queues" | "registry" | "events"
>;

/**
 * Takes jobs from the server and runs them.
 *
 * Each job is told to be done (ACK) once its handler has ended, or failed (FAIL) when it threw. The server hands a job to
 * one consumer at a time, and again to another if it hears nothing until the job's reservation ends: a job runs at least
 * once.
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
  readonly #known: KnownJobs | undefined;
  readonly #registry: Registry;
  readonly #events = new Emitter<ConsumerEvents>();
  #queues: QueueChoice;
  #makeLanes: MakeLanes | undefined;
  #session: Session | undefined;
  #run: Promise<Report> | undefined;
  #opening: AbortController | undefined;
  /** Why a connection was lost for good while the session was being opened. */
  #lost: Error | undefined;
  /** A stop was asked for, and has not ended. */
  #isStopping = false;
  /** Asked for before the session was there to be asked. */
  #isQuiet = false;

  static {
    insidesOf = (consumer) => {
      if (typeof consumer !== "object" || consumer === null || !(#registry in consumer)) {
        return undefined;
      }
      return consumer.#insides;
    };
  }

  /**
   * Makes a consumer; it connects when it is run.
   *
   * @throws {ConfigError} on an option that cannot be used.
   */
  constructor(options: ConsumerOptions<Jobs> = {}) {
    this.#options = options;
    this.#known = KnownJobs.of(options.jobs);
    this.#registry = new Registry(this.#known);
    this.#settings = resolveSettings(options);
    this.#queues = this.#settings.queues;
    this.#clock = options.clock ?? systemClock;
    const { logger, logLevel: level, worker: { wid } } = this.#settings;
    if (logger !== undefined && level !== "none") logEvents(this.#events, { logger, level, wid });
  }

  /** This worker's id. */
  get wid(): string {
    return this.#settings.worker.wid;
  }

  /** What it is doing. */
  get state(): ConsumerState {
    return this.#session?.state ?? "idle";
  }

  /** The jobs that it runs, those that began first at the front. */
  get running(): readonly RunningJob[] {
    return (this.#session?.running ?? []).map(({ job, attempt, startedAt }) => ({
      job,
      attempt,
      startedAt: new Date(startedAt),
    }));
  }

  /**
   * How it is at this moment: whether it does what it is there for, what is wrong where it does not, and the figures behind
   * that. For an HTTP answer see `healthHandler` of `./health`.
   */
  health(): ConsumerHealth {
    const { worker: { wid }, concurrency } = this.#settings;
    return this.#session?.health() ?? healthOf({
      ...{ state: "idle", wid, connected: false, busy: 0, concurrency, done: 0, failed: 0 },
      ...{ unreported: 0, maxUnreported: 0, lagMs: 0, beatAgeMs: 0 },
      ...{ fetchAgeMs: undefined, reportAgeMs: undefined },
      ...{ lastBeatAt: undefined, lastFetchAt: undefined },
    });
  }

  /** Where it takes its jobs from. */
  get queues(): QueueChoice {
    return this.#queues;
  }

  /**
   * Takes jobs from other queues from now on, while it runs too. A FETCH that waits on the old ones is let be, and may
   * bring one more job of theirs within two seconds.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   * @throws {InvalidArgumentError} `INVALID_QUEUE`.
   */
  setQueues(queues: QueueChoice): void {
    this.#queues = checkChoice(queues);
    this.#session?.choose(this.#queues);
  }

  /**
   * Has `handler` run the jobs of this type. A job that has no handler fails.
   *
   * With a catalogue, `Key` is the type's name, and the types of the arguments are known from it; without one, `Key` is the
   * types of the arguments.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  // deno-lint-ignore no-explicit-any
  register<Key extends HandlerKey<Jobs> = any>(
    type: string extends keyof Jobs ? string : Key,
    ...[handler, options = {}]: HandlerAndOptions<Jobs, Key>
  ): this {
    this.#registry.register(type, handler, options);
    return this;
  }

  /**
   * Has every job that has a handler pass `middleware` on its way to it; the first that was added is the outermost.
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

  /** Calls `listener` on every `event`; the function returned ends that. */
  on<Name extends keyof ConsumerEvents>(
    event: Name,
    listener: Listener<ConsumerEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Runs jobs until `stop` is called or the server says so, or for as long as `options` say, and tells how it ended. It may
   * be run again after that.
   *
   * @throws {ConfigError} `INVALID_OPTION` on a limit that cannot be used.
   * @throws {ConnectError} where the server cannot be reached, or refuses; `AuthenticationError` where it is the password.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async run(options: RunOptions = {}): Promise<Report> {
    return await this.#begin(checkOptions(options));
  }

  /**
   * Runs jobs until the queues are empty and nothing runs: what jobs enqueue themselves is run as well. It ends earlier where
   * `options` say so.
   *
   * @throws {ConfigError} `INVALID_OPTION` on a limit that cannot be used.
   * @throws {ConnectError} where the server cannot be reached, or refuses; `AuthenticationError` where it is the password.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async runToCompletion(options: RunOptions = {}): Promise<Report> {
    return await this.#begin({ ...checkOptions(options), untilEmpty: true });
  }

  /**
   * Runs one job, if one comes within two seconds, and resolves to whether one came. A handler that throws fails the job, not
   * this call.
   *
   * @throws {TimeoutError} if the server answers no FETCH within `commandTimeoutMs`.
   * @throws {ConnectError} if the server cannot be reached, or refuses; `AuthenticationError` if it is the password.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async runOne(): Promise<boolean> {
    let hasBegun = false;
    const forget = this.#events.on("start", () => hasBegun = true);
    try {
      const limits = { maxJobs: 1, untilEmpty: true, failsWithoutAnswer: true };
      const { unfinished } = await this.#begin(limits);
      // One whose reservation ended is neither done nor failed.
      return hasBegun || unfinished.length > 0;
    } finally {
      forget();
    }
  }

  /** Fetches no more jobs; those that run go on, and so does the consumer, until it is stopped. */
  quiet(): void {
    this.#isQuiet = true;
    this.#session?.quiet();
  }

  /**
   * Fetches no more jobs, waits for those that run, and ends: resolves once `run` does. Jobs that have not ended when
   * `graceMs` are over are aborted, and given back to the server by FAIL. A second call does not wait: it aborts them at
   * once, or after its own `graceMs`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const graceMs = checkGrace(options.graceMs) ?? (this.#isStopping ? 0 : DEFAULT_GRACE_MS);
    this.#end(graceMs, "stopped");
    // How it ended is for the one who called run.
    await this.#run?.then(() => {}, () => {});
  }

  /** As {@linkcode Consumer.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #end(graceMs: number, reason: EndReason): void {
    this.#isStopping = this.#run !== undefined;
    this.#opening?.abort();
    this.#session?.stop(graceMs, reason);
  }

  #print(): void {
    const { running } = this;
    // Called by a signal: a logger that throws would end the program.
    const write = scopedLogger(this.#settings.logger ?? console);
    write.info(`Consumer ${this.wid} is ${this.state} and runs ${running.length} jobs`);
    for (const { job, attempt, startedAt } of running) {
      const seconds = ((this.#clock.now() - startedAt.getTime()) / 1000).toFixed(1);
      const [jid, type, queue] = [job.jid, job.type, job.queue].map(plain);
      write.info(`  ${jid} ${type} of ${queue}, attempt ${attempt}, for ${seconds} s`);
    }
  }

  #begin(limits: SessionLimits): Promise<Report> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the consumer as it runs already"),
      );
    }
    this.#run = this.#runSession(limits).finally(() => {
      this.#run = undefined;
      this.#isStopping = false;
    });
    return this.#run;
  }

  async #runSession(limits: SessionLimits): Promise<Report> {
    const { signal } = this.#options;
    const opening = this.#opening = new AbortController();
    this.#lost = undefined;
    if (signal?.aborted === true) opening.abort();
    const forgetSignal = onAbort(signal, () => void this.stop());
    const forgetSignals = this.#options.handleSignals === true
      ? heedSignals({
        stop: () => this.#end(this.#isStopping ? 0 : DEFAULT_GRACE_MS, "signal"),
        quiet: () => this.quiet(),
        print: () => this.#print(),
      }, this.#clock)
      : () => {};
    let observer: ConsumerObserver | undefined;
    try {
      const makeLanes = this.#makeLanes ??= await this.#prepare();
      const queues = this.#queues;
      observer = this.#settings.telemetry?.consumer({
        server: resolveTarget(this.#options).target,
        wid: this.wid,
        figures: () => this.health(),
      });
      const session = this.#session = await Session.open({
        ...this.#insides,
        makeLanes,
        clock: this.#clock,
        limits,
        observer,
      }, opening.signal);
      this.#opening = undefined;
      this.#events.emit("state", { state: "running" });
      // It came too late to call the opening off.
      if (opening.signal.aborted) session.stop(DEFAULT_GRACE_MS);
      // A connection that was lost for good while the others were being made.
      const lost = this.#lost;
      if (lost !== undefined) session.disconnected(lost, undefined);
      // What was asked for while it was being opened.
      if (this.#queues !== queues) session.choose(this.#queues);
      if (this.#isQuiet) session.quiet();
      return await session.report();
    } catch (error) {
      // Stopped before it was connected: nothing was begun, and nothing is wrong.
      if (!opening.signal.aborted) throw error;
      return { reason: "stopped", done: 0, failed: 0, unfinished: [], unreported: [] };
    } finally {
      this.#opening = undefined;
      this.#isQuiet = false;
      forgetSignals();
      observer?.close();
      forgetSignal();
    }
  }

  get #insides(): ConsumerInsides {
    return {
      settings: this.#settings,
      known: this.#known,
      queues: this.#queues,
      registry: this.#registry,
      events: this.#events,
    };
  }

  #prepare(): Promise<MakeLanes> {
    return prepareLanes(this.#options, {
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
        disconnected: (outage) => this.#events.emit("disconnect", outage),
        reconnected: (recovery) => this.#events.emit("reconnect", recovery),
        refused: ({ code, message }) => this.#events.emit("warning", { code, message }),
      },
    });
  }
}

/** @throws {ConfigError} `INVALID_OPTION`. */
function checkOptions({ maxJobs, maxMs, graceMs }: RunOptions): RunOptions {
  const max = Number.MAX_SAFE_INTEGER;
  if (maxJobs !== undefined) integerIn("maxJobs", maxJobs, { min: 1, max, fallback: 1 });
  if (maxMs !== undefined) positive("maxMs", maxMs, 1);
  return { maxJobs, maxMs, graceMs: checkGrace(graceMs) };
}

function checkGrace(graceMs: unknown): number | undefined {
  if (graceMs === undefined || (typeof graceMs === "number" && graceMs >= 0)) return graceMs;
  throw invalidOption("graceMs", "a number of 0 or more", graceMs);
}
