import { preparePools } from "../connection/connect.ts";
import type { ConnectionPool } from "../connection/pool.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  integerIn,
  invalidOption,
} from "../connection/options.ts";
import type { Delivery } from "../connection/reconnect_options.ts";
import { type Request, request } from "../connection/request.ts";
import { ServerClock } from "../connection/server_clock.ts";
import type { Outage, Recovery } from "../connection/status.ts";
import { resolveTarget } from "../connection/target.ts";
import { ConnectionLostError, StateError } from "../errors.ts";
import { Emitter, type EventNames, type Listener, type ListenerFailure } from "../events.ts";
import { onAbort } from "../internal/aborts.ts";
import { brand } from "../brands.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { steady } from "../internal/steady_clock.ts";
import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { PendingCalls } from "../internal/pending_calls.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { JobInput, JobOptions } from "../job/job.ts";
import { KnownJobs } from "../job/known_jobs.ts";
import type { EnqueueRest, TypedJob, TypeOrJob } from "../job/typed.ts";
import type { Command } from "../protocol/commands/command.ts";
import { type CommandOptions, otherCommand } from "../protocol/commands/other.ts";
import { flush, info } from "../protocol/commands/server.ts";
import { parseServerInfo, type ServerInfo } from "../protocol/server_info.ts";
import { Batcher } from "./batcher.ts";
import { Batches } from "./batches.ts";
import { CALL_OPTIONS, type CallOptions, PendingEnqueue } from "./pending_enqueue.ts";
import { cancelJob, type Cancellation, type CancelOptions } from "./cancel.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import { enqueueMany } from "./enqueue_many.ts";
import { enterpriseOption, isEnterprise } from "./free_server.ts";
import { EnqueuePipeline, type ProducerMiddleware } from "./enqueue_pipeline.ts";
import { Queues } from "./queues.ts";
import { JobSets } from "./sets.ts";
import type { ProducerObserver, Telemetry } from "./telemetry.ts";
import { Tracking } from "./tracking.ts";
import { jobStream, type WritableOptions } from "./writable.ts";

export type { Outage, Recovery } from "../connection/status.ts";
export type { ProducerMiddleware } from "./enqueue_pipeline.ts";
export type { CallOptions } from "./pending_enqueue.ts";
export type { Cancellation, CancelOptions } from "./cancel.ts";
export type { CommandOptions } from "../protocol/commands/other.ts";
export type {
  ConsumerFigures,
  ConsumerObserver,
  ObservedConsumer,
  ProducerObserver,
  ServerPlace,
  Telemetry,
} from "./telemetry.ts";

/** Options of {@linkcode Producer.connect}. */
export interface ProducerOptions<Jobs extends JobDefinitions = JobDefinitions>
  extends ConnectionOptions {
  /** The jobs that there are, as `defineJobs` gives them: names and arguments are then typed, and checked. @default any */
  readonly jobs?: Jobs | undefined;
  /**
   * Most connections, 1 to 100. The producer opens one, and more while it waits for the server. A connection without work is
   * closed after 5 to 10 seconds. A call that is made after another one was answered reaches the server after it. Calls
   * that do not wait for each other, and the jobs of one `enqueueMany` or `writable`, arrive in any order.
   *
   * @default 8
   */
  readonly connections?: number | undefined;
  /**
   * Keeps one connection, and the order of all calls: jobs and other commands reach the server in the order of the calls,
   * whether they wait for each other or not. Not together with `connections`.
   *
   * @default false
   */
  readonly ordered?: boolean | undefined;
  /**
   * What to do with a job whose confirmation was lost with the connection: send it again, so that it may be there twice,
   * or reject with a `ConnectionLostError` whose `outcome` is `unknown`.
   *
   * @default "at-least-once"
   */
  readonly delivery?: Delivery | undefined;
  /**
   * Calls that may be under way while there is no connection, 1 or more; what is called beyond them rejects with a
   * `ConnectionLostError` of the code `TOO_MANY_WAITING`. How long they wait is for `reconnect.attempts`, or for a call's
   * own `signal`. A stream of `writable()` is not refused: its writes wait.
   *
   * @default 10000
   */
  readonly maxWaiting?: number | undefined;
  /** What hears of all jobs that are enqueued: `openTelemetry()` of `./telemetry`. @default nothing */
  readonly telemetry?: Telemetry | undefined;
}

const PRODUCER_OPTIONS = {
  ...CONNECTION_OPTIONS,
  jobs: true,
  connections: true,
  ordered: true,
  delivery: true,
  maxWaiting: true,
  telemetry: true,
} as const satisfies OptionNames<ProducerOptions>;

/** See {@linkcode ProducerOptions.connections}. */
const MAX_CONNECTIONS = 8;

/** See {@linkcode ProducerOptions.maxWaiting}. */
const MAX_WAITING = 10_000;

/** Options of {@linkcode Producer.close}. */
export interface CloseOptions {
  /** Longest time to wait for calls in flight, in milliseconds. @default 25000 */
  readonly timeoutMs?: number | undefined;
}

const COMMAND_OPTIONS = { resend: true } as const satisfies OptionNames<CommandOptions>;

const CLOSE_OPTIONS = { timeoutMs: true } as const satisfies OptionNames<CloseOptions>;

/** What {@linkcode Producer.close} leaves behind. */
export interface CloseReport {
  /** Calls that were given up, as the server did not answer in time. Each rejects with its `outcome`. */
  readonly givenUp: number;
}

/** See {@linkcode CloseOptions}: within the 30 seconds that orchestrators give a program to end. */
const CLOSE_MS = 25_000;

/** What a producer tells of itself; see {@linkcode Producer.on}. */
export interface ProducerEvents {
  /**
   * Connections were lost. Emitted once an outage, however many connections and tries there are, and once more without
   * `retryInMs` if nothing is tried any longer; the next call tries anew.
   */
  disconnect: Outage;
  /** All connections are back. */
  reconnect: Recovery;
  /**
   * Something that will not do what it seems to do. Codes: `ENTERPRISE_ONLY`; `PASSWORD_REFUSED`, `PASSWORD_REQUIRED` and
   * `PASSWORD_UNAVAILABLE` if the password is wrong when a connection is made again; `CLOSE_TIMED_OUT`.
   */
  warning: { readonly code: string; readonly message: string };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

const PRODUCER_EVENTS = {
  disconnect: true,
  reconnect: true,
  warning: true,
  listenerError: true,
} as const satisfies EventNames<ProducerEvents>;

/**
 * Sends a command of the protocol that the producer has no method for. After `withinMs` it is not sent any more, be it for want of
 * a connection or as the reply was lost with one.
 */
export let sendCommand: <T>(
  producer: Producer,
  command: Command<T>,
  options?: { readonly withinMs?: number | undefined },
) => Promise<T>;

/** A clock that is set by the server's, as `info()` of it measures it. */
export let serverClockOf: (producer: Producer) => ServerClock;

/**
 * Enqueues jobs, and speaks the server's other commands.
 *
 * A lost connection is made again by itself, and what was under way is sent again; each promise settles when the server
 * has answered, or when it is known that it will not.
 *
 * @example Enqueue a job
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 *
 * await using producer = await Producer.connect();
 * const jid = await producer.enqueue("resize", ["cat.png", 320], { queue: "images" });
 * console.log(jid);
 * ```
 */
export class Producer<Jobs extends JobDefinitions = JobDefinitions> implements AsyncDisposable {
  /** Pauses, resumes, removes and measures queues. */
  readonly queues: Queues;
  /** The scheduled, retried and dead jobs. */
  readonly sets: JobSets;
  /** Jobs that belong together (Enterprise). */
  readonly batches: Batches<Jobs>;
  /** How far jobs are (Enterprise). */
  readonly tracking: Tracking;

  readonly #pool: ConnectionPool;
  readonly #batcher: Batcher;
  readonly #pipeline: EnqueuePipeline;
  readonly #known: KnownJobs | undefined;
  /** Whether the connections are its own to end. */
  readonly #isOwner: boolean;
  readonly #events: Emitter<ProducerEvents>;
  /** Whether the server is known to heed what only Enterprise does; asked at the first job that wants it. */
  #asksEdition = false;
  readonly #pendingCalls = new PendingCalls();
  readonly #maxWaiting: number;
  readonly #observer: ProducerObserver | undefined;
  readonly #clock: Clock;
  #closing: Promise<CloseReport> | undefined;
  /** Ends the wait of `close`. */
  readonly #expired = deferred();
  #forgetSignal: () => void = () => {};

  static {
    sendCommand = (producer, command, options) => producer.#command(command, options);
    serverClockOf = (producer) =>
      new ServerClock(producer.#clock, (entry) => producer.#pool.send(entry));
  }

  private constructor(
    pool: ConnectionPool,
    events: Emitter<ProducerEvents>,
    { isOwner, known, maxWaiting = MAX_WAITING, observer, clock = systemClock }: {
      isOwner: boolean;
      clock?: Clock | undefined;
      known: KnownJobs | undefined;
      maxWaiting?: number;
      observer?: ProducerObserver | undefined;
    } = { isOwner: false, known: undefined },
  ) {
    // JavaScript knows no private constructors.
    if (!(events instanceof Emitter)) {
      throw refuseConstruction("Producer", "Producer.connect(options)");
    }
    this.#maxWaiting = maxWaiting;
    this.#clock = steady(clock);
    this.#observer = observer;
    this.#pool = pool;
    this.#events = events;
    this.#isOwner = isOwner;
    this.#known = known;
    this.#batcher = new Batcher(pool);
    let serverClock: ServerClock | undefined;
    this.#pipeline = new EnqueuePipeline(
      this.#batcher,
      known,
      () => serverClock ??= serverClockOf(this as Producer),
    );
    // It may be another server that is back.
    events.on("disconnect", () => serverClock?.distrust());
    if (observer !== undefined) this.#pipeline.use(observer.enqueue);
    const send = <T>(command: Command<T>) => this.#command(command);
    this.queues = new Queues(send);
    this.sets = new JobSets(send);
    this.tracking = new Tracking(send);
    this.batches = new Batches({
      send,
      enqueue: (job, options) => this.#enqueue(job, options),
      enqueueMany: (jobs) => this.#enqueueMany(jobs),
      prepare: async (job) => await known?.prepare(job) ?? job,
    });
  }

  /**
   * Connects to a server; tried once, so that a program that cannot work says so when it starts.
   *
   * @throws {ConfigError} on an option, URL or variable that cannot be used.
   * @throws {ConnectError} where there is no server, or it refuses; `AuthenticationError` where it is the password.
   */
  static async connect<Jobs extends JobDefinitions = JobDefinitions>(
    options: ProducerOptions<Jobs> = {},
  ): Promise<Producer<Jobs>> {
    checkOptionNames(options, PRODUCER_OPTIONS, "Producer.connect");
    const known = KnownJobs.of(options.jobs);
    const max = maxConnections(options);
    const maxWaiting = integerIn("maxWaiting", options.maxWaiting, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: MAX_WAITING,
    });
    const delivery = options.delivery ?? "at-least-once";
    if (delivery !== "at-least-once" && delivery !== "at-most-once") {
      throw invalidOption("delivery", '"at-least-once" or "at-most-once"', delivery);
    }
    const telemetry = checkTelemetry(options.telemetry);
    const events = new Emitter<ProducerEvents>(PRODUCER_EVENTS);
    const makePool = await preparePools(options, {
      delivery,
      attempts: 10,
      status: {
        disconnected: (outage) => events.emit("disconnect", outage),
        reconnected: (recovery) => events.emit("reconnect", recovery),
        refused: ({ code, message }) => events.emit("warning", { code, message }),
      },
    });
    const pool = makePool({ min: 1, max });
    const { signal } = options;
    await pool.open(signal);
    const observer = telemetry?.producer(resolveTarget(options).target);
    const producer = new Producer<Jobs>(pool, events, {
      ...{ isOwner: true, known, maxWaiting, observer, clock: options.clock },
    });
    if (signal !== undefined) {
      // A signal may outlive many producers.
      producer.#forgetSignal = onAbort(signal, () => pool.close());
    }
    return producer;
  }

  /**
   * The catalogue that jobs are checked by; `undefined` without one. By it, TypeScript refuses a producer without a catalogue
   * where one with a catalogue is wanted.
   */
  get jobs(): Jobs | undefined {
    return this.#known?.definitions as Jobs | undefined;
  }

  /** @internal A producer over connections that somebody else opens and ends. */
  static over(
    pool: ConnectionPool,
    known?: KnownJobs,
    observer?: ProducerObserver,
  ): Producer {
    return new Producer(pool, new Emitter<ProducerEvents>(PRODUCER_EVENTS), {
      isOwner: false,
      known,
      observer,
    });
  }

  /**
   * Has every job pass `middleware` on its way to the server; the first that was added is the outermost.
   *
   * @example Say where each job came from
   * ```ts no-assert
   * import { Producer } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * producer.use((job, next) => next({ ...job, custom: { ...job.custom, from: "web" } }));
   * await producer.enqueue("resize", ["cat.png", 320]);
   * ```
   */
  use(middleware: ProducerMiddleware): this {
    this.#pipeline.use(middleware);
    return this;
  }

  /** Calls `listener` on every `event`; the function returned ends that. */
  on<Name extends keyof ProducerEvents>(
    event: Name,
    listener: Listener<ProducerEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Enqueues a job, given by its type, arguments and options or as a whole. Resolves to its id once the server has it (PUSHB; jobs
   * enqueued at the same time travel together).
   *
   * @example By type, arguments and options, or as a job
   * ```ts no-assert
   * import { Job, Producer } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * await producer.enqueue("resize", ["cat.png", 320], { queue: "images" });
   * await producer.enqueue({ type: "resize", args: ["cat.png", 320], queue: "images" });
   * await producer.enqueue(new Job("resize", ["cat.png", 320]), { signal: AbortSignal.timeout(5000) });
   * ```
   *
   * @throws {InvalidJobError} where the server would refuse the job or silently change it; nothing was sent then.
   * @throws {ServerError} where the server refuses it.
   * @throws {ConnectionLostError} where no connection could be had in time; `outcome` says whether the job may be there.
   */
  enqueue<Given extends string | object>(
    job: TypeOrJob<Jobs, Given>,
    ...rest: EnqueueRest<Jobs, Given, CallOptions>
  ): Promise<string>;
  enqueue(
    job: JobInput | string,
    second?: readonly unknown[] | CallOptions,
    options?: JobOptions & CallOptions,
  ): Promise<string> {
    if (typeof job !== "string") return this.#enqueue(job, second as CallOptions | undefined);
    const args = second as readonly unknown[] | undefined;
    if (options === undefined) return this.#enqueue({ type: job, args }, undefined);
    const { signal, ...fields } = options;
    return this.#enqueue({ ...fields, type: job, args }, { signal });
  }

  #enqueue(job: JobInput, options: CallOptions | undefined): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      // What is thrown in here rejects the promise.
      if (options !== undefined) checkOptionNames(options, CALL_OPTIONS, "enqueue(job)");
      const signal = options?.signal;
      this.#checkOpen();
      signal?.throwIfAborted();
      this.#checkRoom();
      const listener = new PendingEnqueue(this.#pendingCalls, { resolve, reject }, signal);
      try {
        this.#pipeline.add(job, listener);
      } catch (error) {
        return listener.failed("", error);
      }
      // What is no job at all is refused behind the middleware.
      if (job !== undefined && job !== null) this.#warnOfEnterprise(job);
    });
  }

  /**
   * Enqueues many jobs, from anything that can be iterated, at once or as they come. Some may be refused while others are
   * enqueued, so this rejects only on a source that fails, a signal, or where too many calls wait for a connection; what
   * became of each job is in the result. Once a job was given up for want of a connection, the rest are not tried: they fail
   * with the same error.
   */
  async enqueueMany(
    jobs: JobSource<TypedJob<Jobs>>,
    options: CallOptions = {},
  ): Promise<EnqueueManyResult> {
    checkOptionNames(options, CALL_OPTIONS, "enqueueMany");
    return await this.#enqueueMany(jobs, options.signal);
  }

  async #enqueueMany(jobs: JobSource, signal?: AbortSignal): Promise<EnqueueManyResult> {
    this.#checkOpen();
    this.#checkRoom();
    const send = (all: JobSource) => enqueueMany(this.#pipeline, all, signal);
    return await this.#pendingCalls.track(this.#observer?.enqueueMany(jobs, send) ?? send(jobs));
  }

  /**
   * A stream that enqueues the jobs written to it. Writing waits while the server is behind; closing waits until it has
   * all of them.
   */
  writable(options: WritableOptions = {}): WritableStream<TypedJob<Jobs>> {
    return jobStream(options, {
      pipeline: this.#pipeline,
      pendingCalls: this.#pendingCalls,
      checkOpen: () => this.#checkOpen(),
    });
  }

  /** The server's figures (INFO). */
  async info(): Promise<ServerInfo> {
    return parseServerInfo(await this.#command(info()));
  }

  /**
   * Cancels a job, wherever it is: discards it if it is scheduled or waits for a retry (MUTATE), fails and discards it if a worker
   * has it (FAIL), and tells the workers. A worker whose consumer has `cancellation: true` aborts the `signal` of the running job
   * within ten seconds, and drops the job if it fetches it later.
   *
   * Each MUTATE looks through a whole set, so this is not for thousands of jobs a second. If the call rejects, or the program ends
   * in between, the job may still run, unless the workers were told before: call it again.
   *
   * @example Cancel a job that was to run in an hour
   * ```ts
   * import { Producer } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * const jid = await producer.enqueue("remind", ["Ada"], { delay: "1h" });
   * console.assert(await producer.cancel(jid) === "withdrawn");
   * console.assert((await producer.info()).sets.scheduled === 0);
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on a jid that is not a text.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async cancel(jid: string, options: CancelOptions = {}): Promise<Cancellation> {
    const send = <T>(command: Command<T>) => this.#command(command);
    return await cancelJob(jid, options, { send, clock: this.#clock });
  }

  /**
   * Sends a command that has no method here, of a fork or a plugin of the server. Resolves to the reply's text, `null` for nil; a
   * bulk of JSON is for the caller to parse.
   *
   * If the connection is lost before the reply came, it rejects, unless `resend` says that the command may be sent again.
   *
   * @example Fail a job whose worker is known to be dead, instead of waiting for the end of its reservation
   * ```ts
   * import { Producer, ServerError } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * const failure = { jid: "7TlTmYkbFqXCWKGj", errtype: "WorkerDied", message: "host is gone" };
   * const error = await producer.command("FAIL", JSON.stringify(failure)).catch((error) => error);
   * console.assert(error instanceof ServerError); // ERR Job not found: nobody has such a job
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on a verb that is not one word or is `HELLO`, `END` or `FETCH`, or a payload of
   * more than one line.
   * @throws {ServerError} if the server refuses it.
   * @throws {ConnectionLostError} if the connection was lost; `outcome` says whether the server may have executed it.
   */
  async command(
    verb: string,
    payload: string = "",
    options: CommandOptions = {},
  ): Promise<string | null> {
    checkOptionNames(options, COMMAND_OPTIONS, "command");
    return await this.#command(otherCommand(verb, payload, options.resend));
  }

  /** Forgets **every** job of the server, in all queues and sets (FLUSH). */
  async flush(): Promise<void> {
    await this.#command(flush());
  }

  /**
   * Waits until the server has answered all calls in flight, and says goodbye. Calls that it has not answered after
   * `timeoutMs` are given up: each rejects, and the report and the event `warning` say how many. What is called after `close`
   * rejects. A second call may shorten the time that the first one waits.
   *
   * The `context.producer` of a handler only waits, as it is shared by all handlers, and without a limit unless one is given.
   *
   * @throws {ConfigError} `INVALID_OPTION` on a time that is none.
   */
  async close(options: CloseOptions = {}): Promise<CloseReport> {
    checkOptionNames(options, CLOSE_OPTIONS, "close");
    const { timeoutMs } = options;
    if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
      throw invalidOption("timeoutMs", "a number of 0 or more", timeoutMs);
    }
    if (!this.#isOwner) return await this.#within(timeoutMs, deferred().promise);
    const ms = timeoutMs ?? (this.#closing === undefined ? CLOSE_MS : undefined);
    this.#closing ??= this.#close();
    const cancel = ms === undefined
      ? () => {}
      : this.#clock.after(ms, () => this.#expired.resolve());
    return await this.#closing.finally(cancel);
  }

  /** As {@linkcode Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<CloseReport> {
    try {
      const report = await this.#within(undefined, this.#expired.promise);
      if (report.givenUp === 0) {
        await this.#pool.end();
        return report;
      }
      const message = `Cannot close the producer in time: ${report.givenUp} calls were given up`;
      this.#events.emit("warning", { code: "CLOSE_TIMED_OUT", message });
      this.#pool.close(
        new ConnectionLostError("CLOSE_TIMED_OUT", message, { outcome: "unknown" }),
      );
      return report;
    } finally {
      this.#forgetSignal();
    }
  }

  /** Waits for all that is in flight, until `expired` or for so long. */
  async #within(timeoutMs: number | undefined, expired: Promise<void>): Promise<CloseReport> {
    const isOver = deferred<boolean>();
    const cancel = timeoutMs === undefined
      ? () => {}
      : this.#clock.after(timeoutMs, () => isOver.resolve(true));
    void expired.then(() => isOver.resolve(true));
    void this.#drained().then(() => isOver.resolve(false));
    const isExpired = await isOver.promise;
    cancel();
    return { givenUp: isExpired ? this.#pendingCalls.count : 0 };
  }

  async #drained(): Promise<void> {
    await this.#pendingCalls.none();
    if (this.#isOwner) await this.#pool.drained();
  }

  async #command<T>(
    command: Command<T>,
    { withinMs }: { readonly withinMs?: number | undefined } = {},
  ): Promise<T> {
    this.#checkOpen();
    this.#checkRoom();
    // On one connection, jobs that were enqueued before go first.
    if (this.#pool.max === 1) this.#batcher.flush();
    const notAfter = withinMs === undefined ? undefined : this.#clock.now() + withinMs;
    const send = (entry: Request) => this.#pool.send(entry);
    return await this.#pendingCalls.track(request(send, command, { notAfter }));
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new StateError("CLOSED", "Cannot use the producer as it was closed");
  }

  #checkRoom(): void {
    if (this.#pendingCalls.count < this.#maxWaiting || this.#pool.connected) return;
    throw new ConnectionLostError(
      "TOO_MANY_WAITING",
      `Cannot begin with another call as there is no connection and ${this.#maxWaiting} wait for one`,
      { outcome: "not-sent" },
    );
  }

  #warnOfEnterprise(job: JobInput): void {
    if (this.#asksEdition) return;
    const defaults = this.#known?.defaultsOf(job.type);
    const option = enterpriseOption(job) ?? (defaults && enterpriseOption(defaults));
    if (option === undefined) return;
    this.#asksEdition = true;
    this.info().then((answer) => {
      if (isEnterprise(answer)) return;
      this.#events.emit("warning", {
        code: "ENTERPRISE_ONLY",
        message: `The server ignores ${option} as it is not Faktory Enterprise`,
      });
    }, () => {
      // Asked again with the next such job.
      this.#asksEdition = false;
    });
  }
}

/** The option `connections`, or 1 if all calls keep their order. */
function maxConnections({ connections, ordered }: ProducerOptions): number {
  if (ordered !== undefined && typeof ordered !== "boolean") {
    throw invalidOption("ordered", "a boolean", ordered);
  }
  const fallback = ordered === true ? 1 : MAX_CONNECTIONS;
  const max = integerIn("connections", connections, { min: 1, max: 100, fallback });
  if (ordered !== true || max === 1) return max;
  throw invalidOption("connections", "1, as it has to be with ordered: true", connections);
}

/** @throws {ConfigError} `INVALID_OPTION`. */
export function checkTelemetry(telemetry: unknown): Telemetry | undefined {
  if (telemetry === undefined) return undefined;
  const { producer, consumer } = (telemetry ?? {}) as Record<string, unknown>;
  if (typeof producer === "function" && typeof consumer === "function") {
    return telemetry as Telemetry;
  }
  throw invalidOption("telemetry", "an object as openTelemetry() gives", telemetry);
}

brand({ Producer });
