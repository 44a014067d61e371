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

/** The default reservation and the shortest one, in seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/**
 * Time for which nothing is fetched from a queue with jobs that are left to other workers, in
 * milliseconds.
 */
const LEAVE_MS = 30_000;

/** The parts of a session that runs depend on. */
export interface JobRunsParts {
  readonly selector: QueueSelector;
  readonly limits: RunLimits;
  readonly reporter: Reporter;
  /** Returns the known cancellations, if the consumer looks for cancelled jobs. */
  readonly cancellations: () => Cancellations | undefined;
}

/** The slots of a session: decides for each fetched job if it runs, and holds the running ones. */
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
  /** The file from which a supervisor reports the running jobs if this process dies. */
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

  /** Number of running jobs. */
  get size(): number {
    return this.#running.size;
  }

  /** The runs, in the order in which they started. */
  get all(): readonly JobRun[] {
    return this.#running.all();
  }

  /** Number of jobs to fetch, including the FETCHes in flight. */
  get wanted(): number {
    const { session, reporter } = this;
    if (session.phase !== "running" || reporter.inFlight > MAX_UNREPORTED) return 0;
    if (this.#cancellations()?.isReady === false) return 0;
    return this.#limits.left(session.settings.concurrency - this.#running.size);
  }

  /** Runs a job from a FETCH that was sent at `askedAt`, or releases or requeues it. */
  receive(job: Job, askedAt: number): void {
    const { settings, registry, clock, monotonic, events, phase } = this.session;
    const startedAt = clock.now();
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const deadline = askedAt + seconds * 1000 - MARGIN_MS;
    this.#limits.fetched();
    // The reply was not read in time, because the machine slept. Another worker has the job now.
    if (deadline <= monotonic.at(startedAt)) return events.emit("expired", { job });
    const run = new JobRun(job, { startedAt, deadline }, this);
    const cancellations = this.#cancellations();
    if (cancellations?.has(job.jid) === true) return cancellations.cancel(run);
    if (isStopping(phase)) {
      if (isRetried(job)) return run.release();
      // A FAIL would end the job for good, and the stop does not wait for handlers any more.
      if (phase !== "draining") return run.requeue("stopped");
    }
    if (settings.unregistered === "leave" && registry.find(job.type) === undefined) {
      this.#selector.skip(job.queue, LEAVE_MS);
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

  /** Aborts the signals of all handlers. */
  abort(): void {
    for (const run of this.#running) run.stop();
  }

  /** Releases the jobs of all running handlers to the server. They are not waited for any more. */
  release(error?: unknown): void {
    for (const run of this.#running) run.release(error);
  }

  /** Cancels the timer. Called when no job runs any more. */
  close(): void {
    this.#file?.close();
    this.#reservations.close();
  }
}
