import { preparePools } from "../connection/connect.ts";
import type { ConnectionPool } from "../connection/pool.ts";
import { type Request, request } from "../connection/request.ts";
import { ServerClock } from "../connection/server_clock.ts";
import { resolveTarget } from "../connection/target.ts";
import { ConnectionLostError, StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { onAbort } from "../internal/aborts.ts";
import { brand } from "../brands.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { monotonic } from "../internal/monotonic_clock.ts";
import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { PendingCalls } from "../internal/pending_calls.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { JobInput, JobOptions } from "../job/job.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import type { EnqueueRest, TypedJob, TypeOrJob } from "../job/typed.ts";
import type { Command } from "../protocol/commands/command.ts";
import { type CommandOptions, otherCommand } from "../protocol/commands/other.ts";
import { flush, info } from "../protocol/commands/server.ts";
import { parseServerInfo, type ServerInfo } from "../protocol/server_info.ts";
import { BulkQueue } from "./bulk_queue.ts";
import { Batches } from "./batches.ts";
import { type CloseOptions, type CloseReport, Closing } from "./closing.ts";
import { CALL_OPTIONS, type CallOptions, PendingEnqueue } from "./pending_enqueue.ts";
import { cancelJob, type Cancellation, type CancelOptions } from "./cancel.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import { enqueueMany } from "./enqueue_many.ts";
import { EnterpriseCheck } from "./enterprise_check.ts";
import { EnqueuePipeline, type ProducerMiddleware } from "./enqueue_pipeline.ts";
import { Queues } from "./queues.ts";
import { JobSets } from "./sets.ts";
import { PRODUCER_EVENTS, type ProducerEvents } from "./events.ts";
import { DEFAULT_MAX_WAITING, type ProducerOptions, resolveProducerOptions } from "./options.ts";
import type { ProducerObserver } from "./telemetry.ts";
import { Tracking } from "./tracking.ts";
import { jobStream, type WritableOptions } from "./writable.ts";

export type { Outage, Recovery } from "../connection/status.ts";
export type { ProducerMiddleware } from "./enqueue_pipeline.ts";
export type { CallOptions } from "./pending_enqueue.ts";
export type { CloseOptions, CloseReport } from "./closing.ts";
export type { ProducerEvents } from "./events.ts";
export { checkTelemetry, type ProducerOptions } from "./options.ts";
export type { Cancellation, CancelOptions } from "./cancel.ts";
export type { CommandOptions } from "../protocol/commands/other.ts";
export type {
  ConsumerObserver,
  ConsumerStats,
  ObservedConsumer,
  ProducerObserver,
  ServerAddress,
  Telemetry,
} from "./telemetry.ts";

const COMMAND_OPTIONS = { resend: true } as const satisfies OptionNames<CommandOptions>;

/**
 * Sends a command that the producer has no method for. After `withinMs` milliseconds the command is
 * no longer sent or sent again: the call rejects with `DEADLINE_PASSED` (`ConnectionLostError`).
 */
export let sendCommand: <T>(
  producer: Producer,
  command: Command<T>,
  options?: { readonly withinMs?: number | undefined },
) => Promise<T>;

/** Returns a clock that follows the clock of the producer's server, which it measures with INFO. */
export let serverClockOf: (producer: Producer) => ServerClock;

/**
 * Enqueues jobs and sends the other commands of a client.
 *
 * If a connection is lost, the producer reconnects and sends unanswered calls again. Every promise
 * settles: with the server's reply, or with an error if there will be no reply.
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
  /** Changes the sets of scheduled, retried and dead jobs. */
  readonly sets: JobSets;
  /** Opens and inspects batches of jobs (Enterprise). */
  readonly batches: Batches<Jobs>;
  /** Reads and sets the progress of jobs (Enterprise). */
  readonly tracking: Tracking;

  readonly #pool: ConnectionPool;
  readonly #bulkQueue: BulkQueue;
  readonly #pipeline: EnqueuePipeline;
  readonly #catalogue: JobCatalogue | undefined;
  readonly #events: Emitter<ProducerEvents>;
  readonly #enterprise: EnterpriseCheck;
  readonly #pendingCalls = new PendingCalls();
  readonly #maxWaiting: number;
  readonly #observer: ProducerObserver | undefined;
  readonly #clock: Clock;
  readonly #closing: Closing;

  static {
    sendCommand = (producer, command, options) => producer.#command(command, options);
    serverClockOf = (producer) =>
      new ServerClock(producer.#clock, (entry) => producer.#pool.send(entry));
  }

  private constructor(
    pool: ConnectionPool,
    events: Emitter<ProducerEvents>,
    { isOwner, catalogue, maxWaiting = DEFAULT_MAX_WAITING, observer, clock = systemClock }: {
      isOwner: boolean;
      clock?: Clock | undefined;
      catalogue: JobCatalogue | undefined;
      maxWaiting?: number;
      observer?: ProducerObserver | undefined;
    } = { isOwner: false, catalogue: undefined },
  ) {
    // JavaScript does not enforce private constructors.
    if (!(events instanceof Emitter)) {
      throw refuseConstruction("Producer", "Producer.connect(options)");
    }
    this.#maxWaiting = maxWaiting;
    this.#clock = monotonic(clock);
    this.#observer = observer;
    this.#pool = pool;
    this.#events = events;
    const warn = (code: string, message: string) => events.emit("warning", { code, message });
    this.#closing = new Closing({
      ...{ pool, isOwner, warn, pendingCalls: this.#pendingCalls, clock: this.#clock },
    });
    this.#catalogue = catalogue;
    this.#enterprise = new EnterpriseCheck({ catalogue, warn, info: () => this.info() });
    this.#bulkQueue = new BulkQueue(pool);
    let serverClock: ServerClock | undefined;
    this.#pipeline = new EnqueuePipeline(
      this.#bulkQueue,
      catalogue,
      () => serverClock ??= serverClockOf(this as Producer),
    );
    // The next connection may lead to another server.
    events.on("disconnect", () => serverClock?.invalidate());
    if (observer !== undefined) this.#pipeline.use(observer.enqueue);
    const send = <T>(command: Command<T>) => this.#command(command);
    this.queues = new Queues(send);
    this.sets = new JobSets(send);
    this.tracking = new Tracking(send);
    this.batches = new Batches({
      send,
      enqueue: (job, options) => this.#enqueue(job, options),
      enqueueMany: (jobs) => this.#enqueueMany(jobs),
      prepare: async (job) => await catalogue?.prepare(job) ?? job,
    });
  }

  /**
   * Connects to a server. Tries once, so that a program with a wrong configuration fails when it
   * starts.
   *
   * @throws {ConfigError} if an option, a URL or an environment variable is invalid.
   * @throws {ConnectError} if the server cannot be reached or refuses the connection;
   * `AuthenticationError` if the password is wrong or missing.
   */
  static async connect<Jobs extends JobDefinitions = JobDefinitions>(
    options: ProducerOptions<Jobs> = {},
  ): Promise<Producer<Jobs>> {
    const { catalogue, maxConnections, maxWaiting, delivery, telemetry } = resolveProducerOptions(
      options,
    );
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
    const pool = makePool({ min: 1, max: maxConnections });
    const { signal } = options;
    await pool.open(signal);
    const observer = telemetry?.producer(resolveTarget(options).target);
    const producer = new Producer<Jobs>(pool, events, {
      ...{ isOwner: true, catalogue, maxWaiting, observer, clock: options.clock },
    });
    if (signal !== undefined) {
      // Otherwise a signal that outlives many producers would keep them in memory.
      producer.#closing.onEnd = onAbort(signal, () => pool.close());
    }
    return producer;
  }

  /**
   * The catalogue of jobs; `undefined` without one. Because of this property, TypeScript refuses a
   * producer without a catalogue where one with a catalogue is required.
   */
  get jobs(): Jobs | undefined {
    return this.#catalogue?.definitions as Jobs | undefined;
  }

  /** @internal Creates a producer on a connection pool that the caller opens and closes. */
  static onPool(
    pool: ConnectionPool,
    catalogue?: JobCatalogue,
    observer?: ProducerObserver,
  ): Producer {
    return new Producer(pool, new Emitter<ProducerEvents>(PRODUCER_EVENTS), {
      isOwner: false,
      catalogue,
      observer,
    });
  }

  /**
   * Adds middleware. Every job passes through it on the way to the server; the first middleware
   * added is the outermost.
   *
   * @example Add the origin of each job
   * ```ts no-assert
   * import { Producer } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * producer.use((job, next) => next({ ...job, custom: { ...job.custom, from: "web" } }));
   * await producer.enqueue("resize", ["cat.png", 320]);
   * ```
   *
   * @throws {ConfigError} `INVALID_OPTION` if the middleware is not a function.
   */
  use(middleware: ProducerMiddleware): this {
    this.#pipeline.use(middleware);
    return this;
  }

  /**
   * Calls `listener` on every `event`. Returns a function that removes the listener.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such event.
   */
  on<Name extends keyof ProducerEvents>(
    event: Name,
    listener: Listener<ProducerEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Enqueues a job, given as type, arguments and options, or as one object. Resolves to the job's
   * id when the server has accepted the job. Jobs enqueued at the same time share one command
   * (PUSHB).
   *
   * @example By type, arguments and options, or as a job
   * ```ts no-assert
   * import { Job, Producer } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * await producer.enqueue("resize", ["cat.png", 320], { queue: "images" });
   * await producer.enqueue({ type: "resize", args: ["cat.png", 320], queue: "images" });
   * const signal = AbortSignal.timeout(5000);
   * await producer.enqueue(new Job("resize", ["cat.png", 320]), { signal });
   * ```
   *
   * @throws {InvalidJobError} if the server would refuse the job or silently change it. Nothing was
   * sent.
   * @throws {ServerError} if the server refuses the job.
   * @throws {ConnectionLostError} if there was no connection in time; `outcome` says if the server
   * may have the job.
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
    return new Promise<string>((resolve) => {
      // An error thrown in this function rejects the promise.
      if (options !== undefined) checkOptionNames(options, CALL_OPTIONS, "enqueue(job)");
      const signal = options?.signal;
      this.#checkOpen();
      signal?.throwIfAborted();
      this.#checkRoom();
      const listener = new PendingEnqueue(this.#pendingCalls, resolve, signal);
      try {
        this.#pipeline.add(job, listener);
      } catch (error) {
        return listener.failed("", error);
      }
      // The pipeline reports a value that is not a job.
      if (job !== undefined && job !== null) this.#enterprise.check(job);
    });
  }

  /**
   * Enqueues many jobs from any iterable, synchronous or asynchronous. The result lists the
   * accepted jobs and the error of each other job, as the server may refuse some of them. The call
   * rejects only if the source throws, the signal is aborted, or too many calls wait for a
   * connection (`ConnectionLostError` `TOO_MANY_WAITING`). After the first job that could not be
   * sent because there was no connection, the remaining jobs are not tried: they fail with the same
   * error.
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
   * Returns a stream that enqueues the jobs written to it. A write waits while too many jobs are in
   * flight; `close` waits until the server has accepted all jobs.
   */
  writable(options: WritableOptions = {}): WritableStream<TypedJob<Jobs>> {
    return jobStream(options, {
      pipeline: this.#pipeline,
      pendingCalls: this.#pendingCalls,
      checkOpen: () => this.#checkOpen(),
    });
  }

  /**
   * Reads the server's statistics (INFO).
   *
   * @throws {ConnectionLostError} if there was no reply in time.
   */
  async info(): Promise<ServerInfo> {
    return parseServerInfo(await this.#command(info()));
  }

  /**
   * Cancels a job. A scheduled or retried job is discarded (MUTATE), a running one is failed and
   * discarded (FAIL), and a marker tells the workers to drop the job (PUSH). A consumer with
   * `cancellation: true` aborts the `signal` of the running job within ten seconds, and drops the
   * job if it fetches it later.
   *
   * Each MUTATE searches a whole set, so this is not meant for thousands of jobs a second. If the
   * call rejects, or the program ends during the call, the job may still run. Call it again then.
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
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the jid is not a non-empty string.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async cancel(jid: string, options: CancelOptions = {}): Promise<Cancellation> {
    const send = <T>(command: Command<T>) => this.#command(command);
    return await cancelJob(jid, options, { send, clock: this.#clock });
  }

  /**
   * Sends a command that has no method here, for example one of a fork or a plugin of the server.
   * Resolves to the text of the reply, or `null` for nil. JSON in the reply is not parsed.
   *
   * If the connection is lost before the reply, the call rejects, unless `resend` allows sending
   * the command again.
   *
   * @example Fail a job whose worker has crashed, without waiting for its reservation to end
   * ```ts
   * import { Producer, ServerError } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * const failure = { jid: "7TlTmYkbFqXCWKGj", errtype: "WorkerDied", message: "host is gone" };
   * const error = await producer.command("FAIL", JSON.stringify(failure)).catch((error) => error);
   * console.assert(error instanceof ServerError); // ERR Job not found: this job is not reserved
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the verb is not one word or is `HELLO`,
   * `END` or `FETCH`, or if the payload has more than one line.
   * @throws {ServerError} if the server refuses the command.
   * @throws {ConnectionLostError} if the connection was lost; `outcome` says if the server may have
   * executed the command.
   */
  async command(
    verb: string,
    payload: string = "",
    options: CommandOptions = {},
  ): Promise<string | null> {
    checkOptionNames(options, COMMAND_OPTIONS, "command");
    return await this.#command(otherCommand(verb, payload, options.resend));
  }

  /** Deletes **all** jobs of the server, in all queues and sets (FLUSH). */
  async flush(): Promise<void> {
    await this.#command(flush());
  }

  /**
   * Waits until the server has replied to all calls in flight, then closes the connections. After
   * `timeoutMs` it gives up: each call without a reply rejects, and the report and the event
   * `warning` give their number. Calls made after `close` reject. A second call of `close` may
   * shorten the wait of the first.
   *
   * `context.producer` in a handler is shared by all handlers, so there `close` only waits, and
   * without a time limit unless `timeoutMs` is set.
   *
   * @throws {ConfigError} `INVALID_OPTION` if `timeoutMs` is invalid.
   */
  async close(options: CloseOptions = {}): Promise<CloseReport> {
    return await this.#closing.close(options);
  }

  /** Calls {@linkcode Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #command<T>(
    command: Command<T>,
    { withinMs }: { readonly withinMs?: number | undefined } = {},
  ): Promise<T> {
    this.#checkOpen();
    this.#checkRoom();
    // With one connection, jobs enqueued before the command are sent before it.
    if (this.#pool.max === 1) this.#bulkQueue.flush();
    const notAfter = withinMs === undefined ? undefined : this.#clock.now() + withinMs;
    const send = (entry: Request) => this.#pool.send(entry);
    return await this.#pendingCalls.track(request(send, command, { notAfter }));
  }

  #checkOpen(): void {
    if (!this.#closing.hasBegun) return;
    throw new StateError("CLOSED", "Cannot use the producer as it was closed");
  }

  #checkRoom(): void {
    if (this.#pendingCalls.count < this.#maxWaiting || this.#pool.connected) return;
    throw new ConnectionLostError(
      "TOO_MANY_WAITING",
      `Cannot start another call as ${this.#maxWaiting} calls already wait for a connection`,
      { outcome: "not-sent" },
    );
  }
}

brand({ Producer });
