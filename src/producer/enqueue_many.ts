import { ConnectionLostError, type FaktoryError, InvalidJobError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { deferred } from "../internal/deferred.ts";
import type { JobInput } from "../job/job.ts";
import {
  type EnqueueManyResult,
  type JobSource,
  notIterable,
  numbered,
  reportedJid,
} from "../job/job_source.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import type { EnqueuePipeline } from "./enqueue_pipeline.ts";
import { InFlightWindow } from "./in_flight_window.ts";

/**
 * One call of `enqueueMany`: sends jobs as fast as the server accepts them, and collects the
 * results.
 */
export class EnqueueManyCall implements EnqueueListener {
  readonly #pipeline: EnqueuePipeline;
  readonly #enqueued: string[] = [];
  readonly #failed = new Map<string, FaktoryError>();
  #count = 0;
  readonly #window = new InFlightWindow();
  /**
   * Set when a job could not be sent because there was no connection. The remaining jobs are not
   * tried, because every thousand of them would wait for a connection as long as the first
   * thousand.
   */
  #unreachable: ConnectionLostError | undefined;
  /** The cause of the last `COMMAND_TIMEOUT`: one error for all commands of a connection. */
  #silence: unknown;
  cancelled = false;

  constructor(pipeline: EnqueuePipeline) {
    this.#pipeline = pipeline;
  }

  /** Sends a job. If this returns a promise, the caller awaits it before the next call. */
  add(input: JobInput): Promise<void> | undefined {
    const index = this.#count++;
    if (this.#unreachable !== undefined) {
      this.#failed.set(reportedJid(input), this.#unreachable);
      return undefined;
    }
    this.#window.begin();
    try {
      this.#pipeline.add(input, this.#pipeline.isDirect ? this : new Numbered(this, index));
    } catch (error) {
      this.#window.end();
      this.#failed.set(reportedJid(input), numbered(error as InvalidJobError, index));
      return undefined;
    }
    return this.#window.isFull ? this.#window.room() : undefined;
  }

  /** Waits for the jobs in flight, and returns the results. */
  async result(): Promise<EnqueueManyResult> {
    await this.#window.empty();
    return { enqueued: this.#enqueued, failed: this.#failed };
  }

  done(jid: string): void {
    this.#enqueued.push(jid);
    this.#window.end();
  }

  failed(jid: string, error: unknown): void {
    this.#failed.set(jid, error as FaktoryError);
    if (error instanceof ConnectionLostError) this.#lost(error);
    this.#window.end();
  }

  /**
   * Stops sending if a job was not sent because there was no connection, or if the server did not
   * reply in time on two connections.
   */
  #lost(error: ConnectionLostError): void {
    const isSilence = error.code === "COMMAND_TIMEOUT" && error.cause !== this.#silence;
    const wasSilent = this.#silence !== undefined;
    if (isSilence) this.#silence = error.cause;
    if (error.outcome !== "not-sent" && !(isSilence && wasSilent)) return;
    this.#unreachable = new ConnectionLostError(
      error.code,
      "Cannot enqueue job as the server could not be reached for the jobs before it",
      { outcome: "not-sent", cause: error },
    );
  }
}

/** The listener of a job whose error gets the job's index in its path. */
class Numbered implements EnqueueListener {
  readonly #many: EnqueueManyCall;
  readonly #index: number;

  constructor(many: EnqueueManyCall, index: number) {
    this.#many = many;
    this.#index = index;
  }

  get cancelled(): boolean {
    return this.#many.cancelled;
  }

  done(jid: string): void {
    this.#many.done(jid);
  }

  failed(jid: string, error: unknown): void {
    this.#many.failed(jid, error instanceof InvalidJobError ? numbered(error, this.#index) : error);
  }
}

/** Enqueues all jobs of `source`, in order. */
export async function enqueueMany(
  pipeline: EnqueuePipeline,
  source: JobSource,
  signal?: AbortSignal,
): Promise<EnqueueManyResult> {
  const many = new EnqueueManyCall(pipeline);
  const aborted = deferred<never>();
  aborted.promise.catch(() => {});
  signal?.throwIfAborted();
  const forget = onAbort(signal, () => {
    many.cancelled = true;
    aborted.reject(signal?.reason);
  });
  try {
    return await Promise.race([sendAll(many, source), aborted.promise]);
  } finally {
    forget();
  }
}

async function sendAll(many: EnqueueManyCall, source: JobSource): Promise<EnqueueManyResult> {
  if (isIterable(source)) {
    for (const job of source) {
      const room = many.add(job);
      if (room !== undefined) await room;
      if (many.cancelled) break;
    }
  } else if (isAsyncIterable(source)) {
    for await (const job of source) {
      const room = many.add(job);
      if (room !== undefined) await room;
      if (many.cancelled) break;
    }
  } else {
    throw notIterable(source);
  }
  return await many.result();
}

function isIterable(source: unknown): source is Iterable<JobInput> {
  return typeof source === "object" && source !== null && Symbol.iterator in source;
}

function isAsyncIterable(source: unknown): source is AsyncIterable<JobInput> {
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}
