import { invalidOption } from "../connection/options.ts";
import type { ServerClock } from "../connection/server_clock.ts";
import { StateError } from "../errors.ts";
import { type Completion, runTask, type Task } from "../internal/middleware.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { JobFields, JobInput } from "../job/job.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import { delayMs } from "../job/shorthands.ts";
import type { Batcher } from "./batcher.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";

/**
 * What every job passes on its way to the server. `next` takes the job on, or another in its place,
 * and resolves to its jid once the server has it. What it throws rejects the enqueue; one that does
 * not call `next` has to give a jid itself (else `StateError` `NEXT_NOT_CALLED`), and one that does
 * need give none. Calling it twice rejects, too (`NEXT_CALLED_TWICE`).
 */
export type ProducerMiddleware = (
  job: JobInput,
  next: (job?: JobInput) => Promise<string>,
) => unknown;

/**
 * Where all jobs come in: with the defaults of the catalogue, if there is one, through the
 * middleware, if there is any, checked and encoded, to the batcher.
 */
export class EnqueuePipeline {
  readonly #batcher: Batcher;
  readonly #catalogue: JobCatalogue | undefined;
  readonly #serverClock: () => Pick<ServerClock, "now" | "fresh">;
  /**
   * Another one with each that is added: a job on its way has those that were there when it came.
   */
  #middleware: readonly ProducerMiddleware[] = [];

  /** `serverClock` gives the clock that delays are counted by. */
  constructor(
    batcher: Batcher,
    catalogue: JobCatalogue | undefined,
    serverClock: () => Pick<ServerClock, "now" | "fresh">,
  ) {
    this.#batcher = batcher;
    this.#catalogue = catalogue;
    this.#serverClock = serverClock;
  }

  /** Whether what is wrong with a job is known once `add` returns. */
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
   * Sends a job soon; `listener` hears what becomes of it.
   *
   * @throws {InvalidJobError} where it is not even begun with.
   */
  add(job: JobInput, listener: EnqueueListener): void {
    const whole = this.fill(job);
    if (this.#middleware.length === 0) return this.send(whole, listener);
    const task = new EnqueueTask(this, this.#middleware, whole, listener);
    runTask(task, task);
  }

  /** @internal The job with the defaults of the catalogue. */
  fill(job: JobInput): JobInput {
    return this.#catalogue === undefined ? job : this.#catalogue.fill(job);
  }

  /**
   * @internal The end of the way: past all middleware.
   * @throws {InvalidJobError}
   */
  send(job: JobInput, listener: EnqueueListener): void {
    // Before its schema sees the job: it may take its time, or change what it checks.
    const encoded = encodeJob(job);
    if ((job as JobFields).delay !== undefined) {
      return this.#sendDelayed(job as JobFields, encoded.jid, listener);
    }
    const isChosen = job.jid !== undefined;
    const checking = this.#catalogue === undefined ? undefined : this.#catalogue.check(job);
    if (checking === undefined) return this.#batcher.add(encoded, isChosen, listener);
    checking.then(
      () => this.#batcher.add(encoded, isChosen, listener),
      (error) => listener.failed(encoded.jid, error),
    );
  }

  /** A delay ends by the server's clock, which may differ from this machine's. */
  #sendDelayed({ delay, ...job }: JobFields, jid: string, listener: EnqueueListener): void {
    const clock = this.#serverClock();
    const send = () => this.send({ ...job, at: new Date(clock.now() + delayMs(delay)) }, listener);
    const measuring = clock.fresh();
    if (measuring === undefined) return send();
    measuring.then(send).catch((error) => listener.failed(jid, error));
  }
}

/**
 * A job on its way through the middleware to the batcher, whose word comes back here, and out again
 * to the caller's listener.
 */
class EnqueueTask implements Task<unknown>, Completion<unknown>, EnqueueListener {
  readonly #pipeline: EnqueuePipeline;
  readonly #middleware: readonly ProducerMiddleware[];
  readonly #listener: EnqueueListener;
  #job: JobInput;
  /** The way out again, once the job was sent. */
  #completion: Completion<unknown> | undefined;
  /** The job's id, once the server has taken or refused it. */
  #jid: string | undefined;
  #isTaken = false;

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
    return this.#middleware[index]!(this.#job, next as (job?: JobInput) => Promise<string>);
  }

  change(job: unknown): void {
    this.#job = this.#pipeline.fill(job as JobInput);
  }

  run(completion: Completion<unknown>): void {
    this.#completion = completion;
    this.#pipeline.send(this.#job, this);
  }

  valueOf(result: unknown): unknown {
    return result;
  }

  /** The server has taken the job. */
  done(jid: string): void {
    this.#jid = jid;
    this.#isTaken = true;
    this.#completion!.resolve(jid);
  }

  /** The server has refused it, or it is unknown whether it has it. */
  failed(jid: string, error: unknown): void {
    this.#jid = jid;
    this.#completion!.reject(error);
  }

  /** It is through all middleware. */
  resolve(result: unknown): void {
    if (typeof result === "string") return this.#listener.done(result);
    if (this.#isTaken) return this.#listener.done(this.#jid!);
    this.reject(
      new StateError(
        "NEXT_NOT_CALLED",
        "Cannot tell the job's id as a middleware neither called next nor gave one",
      ),
    );
  }

  /** Some middleware has failed, or let pass what did. */
  reject(error: unknown): void {
    const own: unknown = (this.#job as { jid?: unknown } | null | undefined)?.jid;
    this.#listener.failed(this.#jid ?? (typeof own === "string" ? own : createJid()), error);
  }
}
