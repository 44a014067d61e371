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
import { isEnterprise, parseServerInfo, type ServerInfo } from "../protocol/server_info.ts";
import { Batcher } from "./batcher.ts";
import { Batches } from "./batches.ts";
import { type CloseOptions, type CloseReport, Closing } from "./closing.ts";
import { CALL_OPTIONS, type CallOptions, PendingEnqueue } from "./pending_enqueue.ts";
import { cancelJob, type Cancellation, type CancelOptions } from "./cancel.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import { enqueueMany } from "./enqueue_many.ts";
import { enterpriseOption } from "./free_server.ts";
import { EnqueuePipeline, type ProducerMiddleware } from "./enqueue_pipeline.ts";
import { Queues } from "./queues.ts";
import { JobSets } from "./sets.ts";
import { PRODUCER_EVENTS, type ProducerEvents } from "./events.ts";
import { MAX_WAITING, type ProducerOptions, resolveProducerOptions } from "./options.ts";
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
  ConsumerFigures,
  ConsumerObserver,
  ObservedConsumer,
  ProducerObserver,
  ServerPlace,
  Telemetry,
} from "./telemetry.ts";

const COMMAND_OPTIONS = { resend: true } as const satisfies OptionNames<CommandOptions>;

/**
 * Sends a command of the protocol that the producer has no method for. After `withinMs` it is not
 * sent any more, be it for want of a connection or as the reply was lost with one.
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
 * A lost connection is made again by itself, and what was under way is sent again; each promise
 * settles when the server has answered, or when it is known that it will not.
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
  readonly #catalogue: JobCatalogue | undefined;
  readonly #events: Emitter<ProducerEvents>;
  /**
   * Whether the server is known to heed what only Enterprise does; asked at the first job that
   * wants it.
   */
  #asksEdition = false;
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
    { isOwner, catalogue, maxWaiting = MAX_WAITING, observer, clock = systemClock }: {
      isOwner: boolean;
      clock?: Clock | undefined;
      catalogue: JobCatalogue | undefined;
      maxWaiting?: number;
      observer?: ProducerObserver | undefined;
    } = { isOwner: false, catalogue: undefined },
  ) {
    // JavaScript knows no private constructors.
    if (!(events instanceof Emitter)) {
      throw refuseConstruction("Producer", "Producer.connect(options)");
    }
    this.#maxWaiting = maxWaiting;
    this.#clock = monotonic(clock);
    this.#observer = observer;
    this.#pool = pool;
    this.#events = events;
    this.#closing = new Closing({
      pool,
      isOwner,
      pendingCalls: this.#pendingCalls,
      clock: this.#clock,
      warn: (code, message) => events.emit("warning", { code, message }),
    });
    this.#catalogue = catalogue;
    this.#batcher = new Batcher(pool);
    let serverClock: ServerClock | undefined;
    this.#pipeline = new EnqueuePipeline(
      this.#batcher,
      catalogue,
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
      prepare: async (job) => await catalogue?.prepare(job) ?? job,
    });
  }

  /**
   * Connects to a server; tried once, so that a program that cannot work says so when it starts.
   *
   * @throws {ConfigError} on an option, URL or variable that cannot be used.
   * @throws {ConnectError} where there is no server, or it refuses; `AuthenticationError` where it
   * is the password.
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
      // A signal may outlive many producers.
      producer.#closing.onEnd = onAbort(signal, () => pool.close());
    }
    return producer;
  }

  /**
   * The catalogue that jobs are checked by; `undefined` without one. By it, TypeScript refuses a
   * producer without a catalogue where one with a catalogue is wanted.
   */
  get jobs(): Jobs | undefined {
    return this.#catalogue?.definitions as Jobs | undefined;
  }

  /** @internal A producer over connections that somebody else opens and ends. */
  static over(
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
   * Has every job pass `middleware` on its way to the server; the first that was added is the
   * outermost.
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
   * Enqueues a job, given by its type, arguments and options or as a whole. Resolves to its id once
   * the server has it (PUSHB; jobs enqueued at the same time travel together).
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
   * @throws {InvalidJobError} where the server would refuse the job or silently change it; nothing
   * was sent then.
   * @throws {ServerError} where the server refuses it.
   * @throws {ConnectionLostError} where no connection could be had in time; `outcome` says whether
   * the job may be there.
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
   * Enqueues many jobs, from anything that can be iterated, at once or as they come. Some may be
   * refused while others are enqueued, so this rejects only on a source that fails, a signal, or
   * where too many calls wait for a connection; what became of each job is in the result. Once a
   * job was given up for want of a connection, the rest are not tried: they fail with the same
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
   * A stream that enqueues the jobs written to it. Writing waits while the server is behind;
   * closing waits until it has all of them.
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
   * Cancels a job, wherever it is: discards it if it is scheduled or waits for a retry (MUTATE),
   * fails and discards it if a worker has it (FAIL), and tells the workers. A worker whose consumer
   * has `cancellation: true` aborts the `signal` of the running job within ten seconds, and drops
   * the job if it fetches it later.
   *
   * Each MUTATE looks through a whole set, so this is not for thousands of jobs a second. If the
   * call rejects, or the program ends in between, the job may still run, unless the workers were
   * told before: call it again.
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
   * Sends a command that has no method here, of a fork or a plugin of the server. Resolves to the
   * reply's text, `null` for nil; a bulk of JSON is for the caller to parse.
   *
   * If the connection is lost before the reply came, it rejects, unless `resend` says that the
   * command may be sent again.
   *
   * @example Fail a job whose worker is known to be dead, instead of waiting for the end of its
   * reservation
   * ```ts
   * import { Producer, ServerError } from "@faktory-ts/faktory";
   *
   * await using producer = await Producer.connect();
   * const failure = { jid: "7TlTmYkbFqXCWKGj", errtype: "WorkerDied", message: "host is gone" };
   * const error = await producer.command("FAIL", JSON.stringify(failure)).catch((error) => error);
   * console.assert(error instanceof ServerError); // ERR Job not found: nobody has such a job
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on a verb that is not one word or is `HELLO`,
   * `END` or `FETCH`, or a payload of more than one line.
   * @throws {ServerError} if the server refuses it.
   * @throws {ConnectionLostError} if the connection was lost; `outcome` says whether the server may
   * have executed it.
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
   * Waits until the server has answered all calls in flight, and says goodbye. Calls that it has
   * not answered after `timeoutMs` are given up: each rejects, and the report and the event
   * `warning` say how many. What is called after `close` rejects. A second call may shorten the
   * time that the first one waits.
   *
   * The `context.producer` of a handler only waits, as it is shared by all handlers, and without a
   * limit unless one is given.
   *
   * @throws {ConfigError} `INVALID_OPTION` on a time that is none.
   */
  async close(options: CloseOptions = {}): Promise<CloseReport> {
    return await this.#closing.close(options);
  }

  /** As {@linkcode Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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
    if (!this.#closing.hasBegun) return;
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
    const defaults = this.#catalogue?.defaultsOf(job.type);
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

brand({ Producer });
