import { invalidOption } from "../connection/options.ts";
import { StateError } from "../errors.ts";
import { type Layer, runThrough } from "../internal/layers.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { JobInput } from "../job/job.ts";
import type { Batcher, JobSink } from "./batcher.ts";

/**
 * What every job passes on its way to the server. `next` takes the job on, or another in its place, and resolves to its jid
 * once the server has it. What it throws rejects the enqueue; one that does not call `next` has to give a jid itself.
 */
export type ProducerMiddleware = (
  job: JobInput,
  next: (job?: JobInput) => Promise<string>,
) => unknown;

/** Where all jobs come in: through the middleware, if there is any, checked and encoded, to the batcher. */
export class Intake {
  readonly #batcher: Batcher;
  readonly #middleware: ProducerMiddleware[] = [];

  constructor(batcher: Batcher) {
    this.#batcher = batcher;
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
    if (this.#middleware.length > 0) return void this.#addThrough(job, sink);
    this.#batcher.add(encodeJob(job), job.jid !== undefined, sink);
  }

  async #addThrough(job: JobInput, sink: JobSink): Promise<void> {
    let current = job;
    const layers = this.#middleware.map((middleware): Layer<string> => (next) =>
      middleware(current, (other) => {
        if (other !== undefined) current = other;
        return next();
      })
    );
    let jid: string;
    try {
      const { result, work } = await runThrough(layers, () => this.#send(current, sink));
      jid = takeJid(result, work?.value);
    } catch (error) {
      const own: unknown = (current as { jid?: unknown } | null | undefined)?.jid;
      return sink.failed(typeof own === "string" ? own : createJid(), error);
    }
    sink.done(jid);
  }

  #send(job: JobInput, sink: JobSink): Promise<string> {
    return new Promise((resolve, reject) => {
      const encoded = encodeJob(job);
      this.#batcher.add(encoded, job.jid !== undefined, new Passage(sink, resolve, reject));
    });
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
