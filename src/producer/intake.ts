import { invalidOption } from "../connection/options.ts";
import { StateError } from "../errors.ts";
import { type Layer, runThrough } from "../internal/layers.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { JobInput } from "../job/job.ts";
import type { KnownJobs } from "../job/known_jobs.ts";
import type { Batcher, JobSink } from "./batcher.ts";

/**
 * What every job passes on its way to the server. `next` takes the job on, or another in its place, and resolves to its jid
 * once the server has it. What it throws rejects the enqueue; one that does not call `next` has to give a jid itself.
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
    let jid: string;
    try {
      const { result, work } = await runThrough(layers, () => this.#pass(current, sink));
      jid = takeJid(result, work?.value);
    } catch (error) {
      const own: unknown = (current as { jid?: unknown } | null | undefined)?.jid;
      return sink.failed(typeof own === "string" ? own : createJid(), error);
    }
    sink.done(jid);
  }

  #pass(job: JobInput, sink: JobSink): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#send(job, new Passage(sink, resolve, reject));
    });
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
  readonly #sink: JobSink;
  readonly done: (jid: string) => void;
  readonly #reject: (error: unknown) => void;

  constructor(sink: JobSink, resolve: (jid: string) => void, reject: (error: unknown) => void) {
    this.#sink = sink;
    this.done = resolve;
    this.#reject = reject;
  }

  get cancelled(): boolean {
    return this.#sink.cancelled === true;
  }

  failed(_jid: string, error: unknown): void {
    this.#reject(error);
  }
}
