import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { PendingCalls } from "../internal/pending_calls.ts";
import type { JobInput } from "../job/job.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import type { EnqueuePipeline } from "./enqueue_pipeline.ts";
import { InFlightWindow } from "./in_flight_window.ts";

/** Options of `Producer.writable`. */
export interface WritableOptions {
  /**
   * Called for each job that is refused or invalid; the stream continues.
   *
   * @default the first such job ends the stream: writing and closing reject with its error
   */
  readonly onFailed?: ((job: JobInput, error: unknown) => void) | undefined;
}

const WRITABLE_OPTIONS = { onFailed: true } as const satisfies OptionNames<WritableOptions>;

/** The parts of a producer that a stream uses. */
export interface JobStreamOwner {
  readonly pipeline: EnqueuePipeline;
  readonly pendingCalls: PendingCalls;
  /** Throws if the producer is closed. */
  checkOpen(): void;
}

/** Number of jobs that the stream buffers before they are sent. */
const BUFFERED_JOBS = 100;

/**
 * Creates a stream that enqueues the jobs written to it, in order. Closing it waits until the
 * server has accepted all of them.
 */
export function jobStream(
  options: WritableOptions,
  { pipeline, pendingCalls, checkOpen }: JobStreamOwner,
): WritableStream<JobInput> {
  checkOptionNames(options, WRITABLE_OPTIONS, "writable");
  const { onFailed } = options;
  const window = new InFlightWindow();
  let failure: { error: unknown } | undefined;

  function fail(job: JobInput, error: unknown) {
    if (onFailed === undefined) {
      failure ??= { error };
      return;
    }
    try {
      onFailed(job, error);
    } catch (thrown) {
      failure ??= { error: thrown };
    }
  }

  async function unlessFailed(wait: Promise<void>): Promise<void> {
    if (failure === undefined) await wait;
    if (failure !== undefined) throw failure.error;
  }

  function send(job: JobInput): void {
    window.begin();
    pendingCalls.begin();
    const listener: EnqueueListener = {
      done() {
        pendingCalls.end();
        window.end();
      },
      failed(_jid, error) {
        fail(job, error);
        pendingCalls.end();
        window.end();
        if (failure !== undefined) window.release();
      },
    };
    try {
      pipeline.add(job, listener);
    } catch (error) {
      listener.failed("", error);
    }
  }

  return new WritableStream<JobInput>({
    write(job) {
      checkOpen();
      send(job);
      if (failure === undefined && !window.isFull) return undefined;
      return unlessFailed(window.room());
    },
    close: () => unlessFailed(window.empty()),
  }, { highWaterMark: BUFFERED_JOBS });
}
