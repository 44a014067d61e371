import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { Outstanding } from "../internal/outstanding.ts";
import type { JobInput } from "../job/job.ts";
import type { JobSink } from "./job_sink.ts";
import type { Intake } from "./intake.ts";
import { Window } from "./window.ts";

/** Settings of a stream of jobs. */
export interface WritableOptions {
  /**
   * Hears of each job that was refused or is invalid, and the stream goes on. Without it, the first such job ends the
   * stream: writing and closing reject with its error.
   */
  readonly onFailed?: ((job: JobInput, error: unknown) => void) | undefined;
}

const WRITABLE_OPTIONS = { onFailed: true } as const satisfies OptionNames<WritableOptions>;

/** What a stream needs of its producer. */
export interface JobStreamOwner {
  readonly intake: Intake;
  readonly outstanding: Outstanding;
  /** Throws once the producer is closed. */
  checkOpen(): void;
}

/** Jobs that the stream takes in before they are sent. */
const QUEUED = 100;

/** A stream that enqueues what is written to it, in its order; closing it waits until the server has all of it. */
export function jobStream(
  options: WritableOptions,
  { intake, outstanding, checkOpen }: JobStreamOwner,
): WritableStream<JobInput> {
  checkOptionNames(options, WRITABLE_OPTIONS, "writable");
  const { onFailed } = options;
  const window = new Window();
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
    outstanding.begin();
    const sink: JobSink = {
      done() {
        outstanding.end();
        window.end();
      },
      failed(_jid, error) {
        fail(job, error);
        outstanding.end();
        window.end();
        if (failure !== undefined) window.release();
      },
    };
    try {
      intake.add(job, sink);
    } catch (error) {
      sink.failed("", error);
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
  }, { highWaterMark: QUEUED });
}
