import type { Clock } from "../../internal/clock.ts";
import { InvalidArgumentError } from "../../errors.ts";
import type {
  JobAttempt,
  JobPage,
  JobPlace,
  JobProgress,
  JobQuery,
  JobSelection,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerRecurring,
  ServerWorker,
} from "../../inspect/types.ts";
import { isListedQueue } from "../../job/internal_queues.ts";
import { parseServerInfo, type ServerInfo } from "../../protocol/server_info.ts";
import { ageOf } from "../age.ts";
import { GoError } from "../go/error.ts";
import type { History } from "../history.ts";
import type { Manager } from "../manager.ts";
import type { Payload } from "../payload.ts";
import type { Slices, Work } from "../slices.ts";
import type { Workers } from "../workers.ts";
import { cancelJob } from "./cancel_job.ts";
import { changeSelected, countSelected } from "./change_jobs.ts";
import { checkQuery, checkQueueQuery, checkSelection, type JobLookup } from "./check.ts";
import { findJob, listingOf, listJobs, listSorted, locatedReservation } from "./list_jobs.ts";
import { type Filter, matcher } from "./match.ts";
import { serverJobOf } from "./read.ts";
import { MAX_SORTED } from "./sort.ts";

/** Jobs read between two yields. */
const AT_ONCE = 256;

/** Maximum number of jobs that a filter examines per call. */
const MAX_SEARCHED = 100_000;

/** Maximum number of batches in a listing. */
const MAX_BATCHES = 1000;

/** Maximum number of jobs of a worker in a listing. */
const MAX_WORKER_JOBS = 100;

/** The parts of a server that an inspector reads. */
export interface InspectorParts {
  readonly manager: Manager;
  readonly workers: Workers;
  readonly slices: Slices;
  readonly clock: Clock;
  readonly history: Pick<History, "read">;
  /** Returns all batches. */
  batches(): ServerBatch[];
  /** The recurring jobs of Enterprise's cron. */
  recurring(): ServerRecurring[];
  /** Returns the progress of a tracked job. */
  progress(jid: string): JobProgress | undefined;
  /** The reply to INFO, as JSON. */
  info(): string;
}

/**
 * Lists and changes the jobs, queues and workers of a server. Long work runs in slices, so clients
 * are served in between.
 */
export class Inspector {
  readonly #parts: InspectorParts;
  readonly #manager: Manager;
  readonly #workers: Workers;
  readonly #slices: Slices;
  readonly #clock: Clock;

  readonly #most: { readonly maxSearched: number; readonly maxSorted: number };

  constructor(parts: InspectorParts, maxSearched = MAX_SEARCHED, maxSorted = MAX_SORTED) {
    const { manager, workers, slices, clock } = parts;
    this.#parts = parts;
    this.#most = { maxSearched, maxSorted };
    this.#manager = manager;
    this.#workers = workers;
    this.#slices = slices;
    this.#clock = clock;
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async jobs(query: JobQuery): Promise<JobPage> {
    const limits = checkQuery(query);
    const filter: Filter = query.set === undefined ? { ...query, queue: undefined } : query;
    const { sort } = limits;
    const listing = listingOf(this.#manager, query);
    const matches = matcher(filter);
    return await this.#slices.run(
      sort === undefined
        ? listJobs(listing, limits, matches, this.#most.maxSearched)
        : listSorted(listing, { ...limits, sort }, matches, this.#most),
    );
  }

  /** Finds a job by its id. Jobs with a worker come first. */
  async job(jid: string, { maxArgs }: JobLookup): Promise<ServerJob | undefined> {
    const reservation = this.#manager.reservationOf(jid);
    const found = reservation === undefined
      ? await this.#slices.run(findJob(this.#manager, jid))
      : locatedReservation(reservation);
    if (found === undefined) return undefined;
    const progress = this.#parts.progress(jid);
    return { ...serverJobOf(found, maxArgs), ...progress && { progress } };
  }

  /** The latest failed attempts of a job, and the success after them. */
  attempts(jid: string): JobAttempt[] {
    return this.#manager.attempts.of(jid);
  }

  /** Cancels a job. Returns its place, or `undefined` if there was nothing to cancel. */
  async cancel(jid: string): Promise<Exclude<JobPlace, "dead"> | undefined> {
    return await this.#slices.run(cancelJob(this.#parts, jid));
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async change(action: "requeue" | "kill" | "discard", selection: JobSelection): Promise<number> {
    try {
      return await this.#slices.run(
        changeSelected(this.#manager, action, checkSelection(selection)),
      );
    } catch (error) {
      if (!(error instanceof GoError)) throw error;
      // Such as a queue name that the server does not allow. Another client has pushed the job.
      const message = `Cannot ${action} a job as the server refuses it: ${error.message}`;
      throw new InvalidArgumentError("INVALID_ARGUMENT", message, { cause: error });
    }
  }

  /**
   * Counts the jobs that a change would affect.
   *
   * @throws {InvalidArgumentError} like {@linkcode Inspector.change}.
   */
  async count(selection: JobSelection): Promise<number> {
    return await this.#slices.run(countSelected(this.#manager, checkSelection(selection)));
  }

  info(): ServerInfo {
    return parseServerInfo(JSON.parse(this.#parts.info()));
  }

  history(): ServerHistory {
    return this.#parts.history.read();
  }

  /** Lists the newest batches first. */
  batches(): ServerBatch[] {
    return this.#parts.batches().reverse().slice(0, MAX_BATCHES);
  }

  /** The recurring jobs of the option `cron`. */
  recurring(): ServerRecurring[] {
    return this.#parts.recurring();
  }

  /** Pauses, resumes or removes a queue. Returns true if the queue exists. */
  changeQueue(change: "pause" | "resume" | "remove", name: string): boolean {
    if (this.#manager.queues.sizeOf(name) === undefined) return false;
    const { queues } = this.#manager;
    if (change === "remove") this.#slices.start(queues.remove(name));
    else queues[change](name);
    return true;
  }

  signal(wid: string, state: "quiet" | "terminate"): boolean {
    return this.#workers.signal(wid, state);
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  queues(query: QueueQuery): QueuePage {
    const { queues } = this.#manager;
    const { offset, limit } = checkQueueQuery(query);
    const { name, text = "", order } = query;
    const all = queues.sorted().filter((queue) =>
      name === undefined ? isListedQueue(queue.name, text) : queue.name === name
    );
    const ordered = order === "size" ? [...all].sort((a, b) => b.jobs.length - a.jobs.length) : all;
    const now = this.#clock.now();
    return {
      // A latency requires reading the queue's oldest job, so only the listed queues are measured.
      queues: ordered.slice(offset, offset + limit).map(({ name, jobs }) => ({
        ...{ name, size: jobs.length, paused: queues.isPaused(name) },
        latency: latencyOf(queues.oldest(name), now),
      })),
      total: all.length,
      jobs: all.reduce((sum, { jobs }) => sum + jobs.length, 0),
    };
  }

  async workers(): Promise<ServerWorker[]> {
    return await this.#slices.run(this.#listWorkers());
  }

  *#listWorkers(): Work<ServerWorker[]> {
    const jobs = new Map<string, ServerJob[]>();
    for (const [i, reservation] of this.#manager.workingPage(0, this.#manager.working).entries()) {
      const list = jobs.get(reservation.wid) ?? [];
      jobs.set(reservation.wid, list);
      if (list.length < MAX_WORKER_JOBS) {
        list.push(serverJobOf(locatedReservation(reservation), 1000));
      }
      if (i % AT_ONCE === AT_ONCE - 1) yield;
    }
    return this.#workers.list().map((worker) => ({ ...worker, jobs: jobs.get(worker.wid) ?? [] }));
  }
}

function latencyOf(oldest: Payload | undefined, now: number): number | undefined {
  try {
    return ageOf(oldest, now);
  } catch (error) {
    if (error instanceof GoError) return undefined;
    throw error;
  }
}
