import { invalidOption } from "../connection/options.ts";
import type { ServerClock } from "../connection/server_clock.ts";
import { StateError } from "../errors.ts";
import { type Completion, runTask, type Task } from "../internal/middleware.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { JobFields, JobInput } from "../job/job.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import { delayMs } from "../job/shorthands.ts";
import type { BulkQueue } from "./bulk_queue.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";

/**
 * A function that every job passes through on its way to the server. `next` sends the job, or the
 * job passed to it instead, and resolves to its jid when the server has accepted it.
 *
 * An error that the middleware throws rejects the enqueue. A middleware that calls `next` need not
 * return a value; one that does not call it must return a jid, otherwise the enqueue rejects with
 * `NEXT_NOT_CALLED`. A second call of `next` rejects the enqueue with `NEXT_CALLED_TWICE`.
 */
export type ProducerMiddleware = (
  job: JobInput,
  next: (job?: JobInput) => Promise<string>,
) => unknown;

/**
 * The path of every job to the server: fills in the defaults of the catalogue, runs the middleware,
 * checks and encodes the job, and adds it to the queue of jobs for PUSHB.
 */
export class EnqueuePipeline {
  readonly #bulkQueue: BulkQueue;
  readonly #catalogue: JobCatalogue | undefined;
  readonly #serverClock: () => Pick<ServerClock, "now" | "fresh">;
  /**
   * Replaced, never changed, so a job in the middleware is not affected by middleware added later.
   */
  #middleware: readonly ProducerMiddleware[] = [];

  /** `serverClock` returns the clock that delays are measured by. */
  constructor(
    bulkQueue: BulkQueue,
    catalogue: JobCatalogue | undefined,
    serverClock: () => Pick<ServerClock, "now" | "fresh">,
  ) {
    this.#bulkQueue = bulkQueue;
    this.#catalogue = catalogue;
    this.#serverClock = serverClock;
  }

  /**
   * True if `add` reports every invalid job by throwing. With a catalogue or middleware, an invalid
   * job may be reported to the listener later.
   */
  get isDirect(): boolean {
    return this.#catalogue === undefined && this.#middleware.length === 0;
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  use(middleware: unknown): void {
    if (typeof middleware !== "function") {
      throw invalidOption("middleware", "a function", middleware);
    }
    this.#middleware = [...this.#middleware, middleware as ProducerMiddleware];
  }

  /**
   * Sends a job soon. `listener` gets the result.
   *
   * @throws {InvalidJobError} if the job is found invalid before this returns.
   */
  add(job: JobInput, listener: EnqueueListener): void {
    const filled = this.fill(job);
    if (this.#middleware.length === 0) return this.send(filled, listener);
    const task = new EnqueueTask(this, this.#middleware, filled, listener);
    runTask(task, task);
  }

  /** @internal Returns the job with the defaults of the catalogue. */
  fill(job: JobInput): JobInput {
    return this.#catalogue === undefined ? job : this.#catalogue.fill(job);
  }

  /**
   * @internal Sends a job that has passed all middleware.
   * @throws {InvalidJobError}
   */
  send(job: JobInput, listener: EnqueueListener): void {
    // Encoded before the schema validates it, because a schema may be asynchronous or change the
    // arguments.
    const encoded = encodeJob(job);
    if ((job as JobFields).delay !== undefined) {
      return this.#sendDelayed(job as JobFields, encoded.jid, listener);
    }
    const hasCallerJid = job.jid !== undefined;
    const checking = this.#catalogue === undefined ? undefined : this.#catalogue.check(job);
    if (checking === undefined) return this.#bulkQueue.add(encoded, hasCallerJid, listener);
    checking.then(
      () => this.#bulkQueue.add(encoded, hasCallerJid, listener),
      (error) => listener.failed(encoded.jid, error),
    );
  }

  /**
   * Sends a delayed job. Its time is set by the server's clock, which may differ from this
   * machine's.
   */
  #sendDelayed({ delay, ...job }: JobFields, jid: string, listener: EnqueueListener): void {
    const clock = this.#serverClock();
    const send = () => this.send({ ...job, at: new Date(clock.now() + delayMs(delay)) }, listener);
    const measuring = clock.fresh();
    if (measuring === undefined) return send();
    measuring.then(send).catch((error) => listener.failed(jid, error));
  }
}

/**
 * A job in the middleware. It receives the server's result from the `BulkQueue` and passes it back
 * through the middleware to the caller's listener.
 */
class EnqueueTask implements Task<unknown>, Completion<unknown>, EnqueueListener {
  readonly #pipeline: EnqueuePipeline;
  readonly #middleware: readonly ProducerMiddleware[];
  readonly #listener: EnqueueListener;
  /** Dropped when the job is sent: a million waiting calls would keep a million jobs. */
  #job: JobInput | undefined;
  /** Set when the job is sent; receives the server's result. */
  #completion: Completion<unknown> | undefined;
  /** The id that the caller passed; the job's id once the server has accepted or refused it. */
  #jid: string | undefined;
  #isAccepted = false;

  constructor(
    pipeline: EnqueuePipeline,
    middleware: readonly ProducerMiddleware[],
    job: JobInput,
    listener: EnqueueListener,
  ) {
    this.#pipeline = pipeline;
    this.#middleware = middleware;
    this.#job = job;
    this.#listener = listener;
  }

  get layers(): number {
    return this.#middleware.length;
  }

  get cancelled(): boolean {
    return this.#listener.cancelled === true;
  }

  enter(index: number, next: (job?: unknown) => Promise<unknown>): unknown {
    return this.#middleware[index]!(this.#job!, next as (job?: JobInput) => Promise<string>);
  }

  change(job: unknown): void {
    this.#job = this.#pipeline.fill(job as JobInput);
  }

  run(completion: Completion<unknown>): void {
    this.#completion = completion;
    const job = this.#job!;
    this.#jid = jidOf(job);
    this.#job = undefined;
    this.#pipeline.send(job, this);
  }

  valueOf(result: unknown): unknown {
    return result;
  }

  /** The server has accepted the job. */
  done(jid: string): void {
    this.#jid = jid;
    this.#isAccepted = true;
    this.#completion!.resolve(jid);
  }

  /** The server has refused the job, or may not have received it. */
  failed(jid: string, error: unknown): void {
    this.#jid = jid;
    this.#completion!.reject(error);
  }

  /** All middleware has returned. */
  resolve(result: unknown): void {
    if (typeof result === "string") return this.#listener.done(result);
    if (this.#isAccepted) return this.#listener.done(this.#jid!);
    this.reject(
      new StateError(
        "NEXT_NOT_CALLED",
        "Cannot return the job's id as a middleware neither called next nor returned an id",
      ),
    );
  }

  /** A middleware has thrown, or has not handled an error of `next`. */
  reject(error: unknown): void {
    this.#listener.failed(this.#jid ?? jidOf(this.#job) ?? createJid(), error);
  }
}

/** Returns the id that the caller passed. The job may not be valid. */
function jidOf(job: unknown): string | undefined {
  const jid: unknown = (job as { jid?: unknown } | null | undefined)?.jid;
  return typeof jid === "string" ? jid : undefined;
}
