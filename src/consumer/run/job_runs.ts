import { SlotList } from "../../internal/slot_list.ts";
import type { Job } from "../../job/job.ts";
import type { QueueSelector } from "../fetch/queue_selector.ts";
import { isStopping, type SessionContext } from "../session/context.ts";
import type { Cancellations } from "../session/cancellations.ts";
import type { RunLimits } from "../session/run_limits.ts";
import { isRetried } from "./failure.ts";
import { JobRun, MARGIN_MS, type Slots } from "./job_run.ts";
import { MAX_UNREPORTED, type Reporter } from "./reporter.ts";
import { Reservations } from "./reservations.ts";
import { RunningJobsFile } from "../../signals/running_jobs.ts";

/** The reservation of a job that does not say, and the shortest one, in seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/**
 * How long nothing is fetched from a queue that had a job which is left to others, in milliseconds.
 */
const LEAVE_MS = 30_000;

/** The parts that runs are bound by. */
export interface JobRunsParts {
  readonly selector: QueueSelector;
  readonly limits: RunLimits;
  readonly reporter: Reporter;
  /** Knows cancelled jobs, if the consumer looks for them. */
  readonly cancellations: () => Cancellations | undefined;
}

/**
 * The slots of a session: decides for each fetched job whether it runs, and holds those that do.
 */
export class JobRuns implements Slots {
  done = 0;
  failed = 0;
  dead = 0;
  dropped = 0;
  readonly unfinished: Job[] = [];
  readonly session: SessionContext;
  readonly reporter: Reporter;
  readonly #selector: QueueSelector;
  readonly #limits: RunLimits;
  readonly #running = new SlotList<JobRun>();
  readonly #reservations: Reservations;
  readonly #cancellations: JobRunsParts["cancellations"];
  /** For a supervisor, which reports the jobs if this process dies. */
  readonly #file = RunningJobsFile.open();

  constructor(
    session: SessionContext,
    { selector, limits, reporter, cancellations }: JobRunsParts,
  ) {
    this.#cancellations = cancellations;
    this.session = session;
    this.reporter = reporter;
    this.#selector = selector;
    this.#limits = limits;
    this.#reservations = new Reservations(session.monotonic, this.#running);
  }

  /** Jobs that run. */
  get size(): number {
    return this.#running.size;
  }

  /** The runs, those that began first at the front. */
  get all(): readonly JobRun[] {
    return this.#running.all();
  }

  /** Jobs that may be fetched; those that are being fetched are not subtracted. */
  get wanted(): number {
    const { session, reporter } = this;
    if (session.phase !== "running" || reporter.inFlight > MAX_UNREPORTED) return 0;
    if (this.#cancellations()?.isReady === false) return 0;
    return this.#limits.left(session.settings.concurrency - this.#running.size);
  }

  /** Runs a job that a FETCH sent at `askedAt` has brought, or gives it back. */
  take(job: Job, askedAt: number): void {
    const { settings, registry, clock, monotonic, events, phase } = this.session;
    const startedAt = clock.now();
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const deadline = askedAt + seconds * 1000 - MARGIN_MS;
    this.#limits.fetched();
    // It lay there while the machine slept: another worker has it by now.
    if (deadline <= monotonic.at(startedAt)) return events.emit("expired", { job });
    const run = new JobRun(job, { startedAt, deadline }, this);
    const cancellations = this.#cancellations();
    if (cancellations?.has(job.jid) === true) return cancellations.take(run);
    if (isStopping(phase)) {
      if (isRetried(job)) return run.release();
      // A FAIL would end the job for good, and nothing waits for a handler any more.
      if (phase !== "draining") return run.requeue("stopped");
    }
    if (settings.unregistered === "leave" && registry.find(job.type) === undefined) {
      this.#selector.rest(job.queue, LEAVE_MS);
      return run.requeue("unregistered");
    }
    if (!this.#selector.begin(run, this.#running)) {
      this.#limits.requeued();
      return run.requeue("limit");
    }
    this.#limits.begin();
    this.#running.add(run);
    this.#file?.add(run.slot, job, startedAt + deadline - monotonic.now());
    this.#reservations.watch();
    run.start();
  }

  free(run: JobRun): void {
    const { slot } = run;
    if (!this.#running.delete(run)) return;
    this.#file?.remove(slot);
    this.#selector.end(run);
    this.#limits.end();
  }

  /** Asks every handler to end. */
  abort(): void {
    for (const run of this.#running) run.stop();
  }

  /** Waits for no handler any more: gives the jobs back to the server. */
  release(error?: unknown): void {
    for (const run of this.#running) run.release(error);
  }

  /** Ends the timer, when nothing runs any more. */
  close(): void {
    this.#file?.close();
    this.#reservations.close();
  }
}
