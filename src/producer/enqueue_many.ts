import { ConnectionLostError, type FaktoryError, InvalidJobError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { deferred } from "../internal/deferred.ts";
import type { JobInput } from "../job/job.ts";
import {
  type EnqueueManyResult,
  type JobSource,
  notIterable,
  reportedJid,
  withIndex,
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
  /** The cause of the last `COMMAND_TIMEOUT`. All commands of a connection have the same cause. */
  #lastTimeoutCause: unknown;
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
      this.#pipeline.add(input, this.#pipeline.isDirect ? this : new IndexedListener(this, index));
    } catch (error) {
      this.#window.end();
      this.#failed.set(reportedJid(input), withIndex(error as InvalidJobError, index));
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
    const isSilence = error.code === "COMMAND_TIMEOUT" && error.cause !== this.#lastTimeoutCause;
    const wasSilent = this.#lastTimeoutCause !== undefined;
    if (isSilence) this.#lastTimeoutCause = error.cause;
    if (error.outcome !== "not-sent" && !(isSilence && wasSilent)) return;
    this.#unreachable = new ConnectionLostError(
      error.code,
      "Cannot enqueue job as the server could not be reached for the jobs before it",
      { outcome: "not-sent", cause: error },
    );
  }
}

/** The listener of a job whose error gets the job's index in its path. */
class IndexedListener implements EnqueueListener {
  readonly #call: EnqueueManyCall;
  readonly #index: number;

  constructor(call: EnqueueManyCall, index: number) {
    this.#call = call;
    this.#index = index;
  }

  get cancelled(): boolean {
    return this.#call.cancelled;
  }

  done(jid: string): void {
    this.#call.done(jid);
  }

  failed(jid: string, error: unknown): void {
    this.#call.failed(
      jid,
      error instanceof InvalidJobError ? withIndex(error, this.#index) : error,
    );
  }
}

/** Enqueues all jobs of `source`, in order. */
export async function enqueueMany(
  pipeline: EnqueuePipeline,
  source: JobSource,
  signal?: AbortSignal,
): Promise<EnqueueManyResult> {
  const call = new EnqueueManyCall(pipeline);
  const aborted = deferred<never>();
  aborted.promise.catch(() => {});
  signal?.throwIfAborted();
  const removeListener = onAbort(signal, () => {
    call.cancelled = true;
    aborted.reject(signal?.reason);
  });
  try {
    return await Promise.race([sendAll(call, source), aborted.promise]);
  } finally {
    removeListener();
  }
}

async function sendAll(call: EnqueueManyCall, source: JobSource): Promise<EnqueueManyResult> {
  if (isIterable(source)) {
    for (const job of source) {
      const room = call.add(job);
      if (room !== undefined) await room;
      if (call.cancelled) break;
    }
  } else if (isAsyncIterable(source)) {
    for await (const job of source) {
      const room = call.add(job);
      if (room !== undefined) await room;
      if (call.cancelled) break;
    }
  } else {
    throw notIterable(source);
  }
  return await call.result();
}

function isIterable(source: unknown): source is Iterable<JobInput> {
  return typeof source === "object" && source !== null && Symbol.iterator in source;
}

function isAsyncIterable(source: unknown): source is AsyncIterable<JobInput> {
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}
