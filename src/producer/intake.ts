import { invalidOption } from "../connection/options.ts";
import { StateError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { type Layer, runThrough } from "../internal/layers.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { JobInput } from "../job/job.ts";
import type { KnownJobs } from "../job/known_jobs.ts";
import type { Batcher, JobSink } from "./batcher.ts";

/**
 * What every job passes on its way to the server. `next` takes the job on, or another in its place, and resolves to its jid
 * once the server has it. What it throws rejects the enqueue; one that does not call `next` has to give a jid itself
 * (else `StateError` `NEXT_NOT_CALLED`), and one that does need give none. Calling it twice rejects, too (`NEXT_CALLED_TWICE`).
 */
export type ProducerMiddleware = (
  job: JobInput,
  next: (job?: JobInput) => Promise<string>,
) => unknown;

/**
 * Where all jobs come in: with the defaults of the catalogue, if there is one, through the middleware, if there is any,
 * checked and encoded, to the batcher.
 */
export class Intake {
  readonly #batcher: Batcher;
  readonly #known: KnownJobs | undefined;
  readonly #middleware: ProducerMiddleware[] = [];

  constructor(batcher: Batcher, known?: KnownJobs) {
    this.#batcher = batcher;
    this.#known = known;
  }

  /** Whether what is wrong with a job is known once `add` returns. */
  get isDirect(): boolean {
    return this.#known === undefined && this.#middleware.length === 0;
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  use(middleware: unknown): void {
    if (typeof middleware !== "function") {
      throw invalidOption("middleware", "a function", middleware);
    }
    this.#middleware.push(middleware as ProducerMiddleware);
  }

  /**
   * Sends a job soon; `sink` hears what becomes of it.
   *
   * @throws {InvalidJobError} where it is not even begun with.
   */
  add(job: JobInput, sink: JobSink): void {
    const whole = this.#known === undefined ? job : this.#known.fill(job);
    if (this.#middleware.length > 0) return void this.#addThrough(whole, sink);
    this.#send(whole, sink);
  }

  async #addThrough(job: JobInput, sink: JobSink): Promise<void> {
    let current = job;
    const layers = this.#middleware.map((middleware): Layer<string> => (next) =>
      middleware(current, (other) => {
        if (other !== undefined) current = this.#known?.fill(other) ?? other;
        return next();
      })
    );
    const passage = new Passage(sink);
    let jid: string;
    try {
      const { result, work } = await runThrough(layers, () => {
        this.#send(current, passage);
        return passage.sent;
      });
      jid = takeJid(result, work?.value);
    } catch (error) {
      const own: unknown = (current as { jid?: unknown } | null | undefined)?.jid;
      return sink.failed(passage.jid ?? (typeof own === "string" ? own : createJid()), error);
    }
    sink.done(jid);
  }

  #send(job: JobInput, sink: JobSink): void {
    // Before its schema sees the job: it may take its time, or change what it checks.
    const encoded = encodeJob(job);
    const isChosen = job.jid !== undefined;
    const checking = this.#known === undefined ? undefined : this.#known.check(job);
    if (checking === undefined) return this.#batcher.add(encoded, isChosen, sink);
    checking.then(
      () => this.#batcher.add(encoded, isChosen, sink),
      (error) => sink.failed(encoded.jid, error),
    );
  }
}

function takeJid(result: unknown, sent: string | undefined): string {
  const jid = typeof result === "string" ? result : sent;
  if (jid !== undefined) return jid;
  throw new StateError(
    "NEXT_NOT_CALLED",
    "Cannot tell the job's id as a middleware neither called next nor gave one",
  );
}

/** The end of a job's way through the middleware. */
class Passage implements JobSink {
  /** The job's id, once the server has taken or refused it. */
  jid: string | undefined;
  readonly #sink: JobSink;
  readonly #sent = deferred<string>();

  constructor(sink: JobSink) {
    this.#sink = sink;
  }

  /** Resolves to the job's id. */
  get sent(): Promise<string> {
    return this.#sent.promise;
  }

  get cancelled(): boolean {
    return this.#sink.cancelled === true;
  }

  done(jid: string): void {
    this.jid = jid;
    this.#sent.resolve(jid);
  }

  failed(jid: string, error: unknown): void {
    this.jid = jid;
    this.#sent.reject(error);
  }
}
