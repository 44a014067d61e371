import { type Deferred, deferred } from "../internal/deferred.ts";
import type { Outstanding } from "../internal/outstanding.ts";
import type { JobInput } from "../job/job.ts";
import type { JobSink } from "./job_sink.ts";
import type { Intake } from "./intake.ts";

/** Settings of a stream of jobs. */
export interface WritableOptions {
  /**
   * Hears of each job that was refused or is invalid, and the stream goes on. Without it, the first such job ends the
   * stream: writing and closing reject with its error.
   */
  readonly onFailed?: ((job: JobInput, error: unknown) => void) | undefined;
}

/** What a stream needs of its producer. */
export interface JobStreamOwner {
  readonly intake: Intake;
  readonly outstanding: Outstanding;
  /** Throws once the producer is closed. */
  checkOpen(): void;
}

/** Jobs under way at once; past it, writing waits. */
const WINDOW = 4000;

/** A stream that enqueues what is written to it, in its order; closing it waits until the server has all of it. */
export function jobStream(
  { onFailed }: WritableOptions,
  { intake, outstanding, checkOpen }: JobStreamOwner,
): WritableStream<JobInput> {
  let underWay = 0;
  let failure: { error: unknown } | undefined;
  let room: Deferred<void> | undefined;

  function settled() {
    underWay--;
    outstanding.end();
    if (failure === undefined && underWay > WINDOW / 2) return;
    room?.resolve();
    room = undefined;
  }

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

  async function untilRoom(isRoom: () => boolean): Promise<void> {
    while (failure === undefined && !isRoom()) {
      room = deferred();
      await room.promise;
    }
    if (failure !== undefined) throw failure.error;
  }

  function send(job: JobInput): void {
    underWay++;
    outstanding.begin();
    const sink: JobSink = {
      done: settled,
      failed(_jid, error) {
        fail(job, error);
        settled();
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
      const isRoom = failure === undefined && underWay < WINDOW;
      return isRoom ? undefined : untilRoom(() => underWay < WINDOW);
    },
    close: () => untilRoom(() => underWay === 0),
  }, { highWaterMark: 1000 });
}
