import type { ConsumerEvents } from "../consumer/events.ts";
import { asOutcome, type Outcome } from "../consumer/outcome.ts";
import { Emitter } from "../events.ts";
import type { Job } from "../job/job.ts";

/**
 * The outcome of a run: `done`, `failed`, or the kind of the outcome that the handler threw or
 * returned.
 */
export type JobOutcome = "done" | "failed" | Outcome["kind"];

/** A job that has run. */
export interface DrainedJob {
  /** The job that its handler received. */
  readonly job: Job;
  /** The outcome. */
  readonly outcome: JobOutcome;
  /** The error or outcome that the handler threw or returned. `undefined` if the job is done. */
  readonly error: unknown;
}

/** Returns the outcome of a run that threw `error`. */
export function outcomeOf(error: unknown): JobOutcome {
  return asOutcome(error)?.kind ?? "failed";
}

/** Records how jobs end, and passes all events on to the consumer's listeners. */
export class RecordingEmitter extends Emitter<ConsumerEvents> {
  readonly runs: DrainedJob[] = [];
  readonly #target: Emitter<ConsumerEvents>;

  constructor(target: Emitter<ConsumerEvents>) {
    super();
    this.#target = target;
  }

  override has(event: keyof ConsumerEvents): boolean {
    return event === "done" || event === "fail" || this.#target.has(event);
  }

  override emit<Name extends keyof ConsumerEvents>(
    event: Name,
    detail: ConsumerEvents[Name],
  ): void {
    // The consumer itself does not run, so its state does not change.
    if (event === "state") return;
    this.#record(event, detail);
    this.#target.emit(event, detail);
  }

  #record(event: keyof ConsumerEvents, detail: unknown): void {
    const { job } = detail as { job: Job };
    if (event === "done") {
      this.runs.push({ job, outcome: "done", error: undefined });
    } else if (event === "fail") {
      const { error } = detail as ConsumerEvents["fail"];
      this.runs.push({ job, outcome: outcomeOf(error), error });
    } else if (event === "discard" || event === "snooze") {
      const { outcome } = detail as ConsumerEvents["discard" | "snooze"];
      this.runs.push({ job, outcome: outcome.kind, error: outcome });
    }
  }
}
