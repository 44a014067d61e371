import type { ConsumerEvents } from "../consumer/events.ts";
import { asOutcome, type Outcome } from "../consumer/outcome.ts";
import { Emitter } from "../events.ts";
import type { Job } from "../job/job.ts";

/** How a run of a job ended; all but `failed` and `done` by an outcome of that kind. */
export type JobOutcome = "done" | "failed" | Outcome["kind"];

/** A job that was run. */
export interface DrainedJob {
  /** The job, as its handler got it. */
  readonly job: Job;
  /** How it ended. */
  readonly outcome: JobOutcome;
  /** What the handler threw, or the outcome that it gave; `undefined` where it is done. */
  readonly error: unknown;
}

/** How a run ended of which `error` is what it threw. */
export function outcomeOf(error: unknown): JobOutcome {
  return asOutcome(error)?.kind ?? "failed";
}

/** Notes how jobs ended, and passes everything on to the consumer's own listeners. */
export class Tap extends Emitter<ConsumerEvents> {
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
    // The consumer itself does nothing of all this, and stays in the state that it is in.
    if (event === "state") return;
    this.#note(event, detail);
    this.#target.emit(event, detail);
  }

  #note(event: keyof ConsumerEvents, detail: unknown): void {
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
