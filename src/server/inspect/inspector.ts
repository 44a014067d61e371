import type { Clock } from "../../internal/clock.ts";
import { InvalidArgumentError } from "../../errors.ts";
import { isListedQueue } from "../../job/internal_queues.ts";
import { CANCELLED, createMarker, markerJob } from "../../protocol/cancellation.ts";
import { parseServerInfo, type ServerInfo } from "../../protocol/server_info.ts";
import type { History } from "../history.ts";
import { ageOf } from "../age.ts";
import { GoError } from "../go/error.ts";
import type { JobEntry, SetName } from "../job_set.ts";
import type { Manager } from "../manager.ts";
import { type Change, changeEntry, changeJobs, CHANGES } from "../mutate.ts";
import { copyPayload, type Payload } from "../payload.ts";
import type { Reservation } from "../reservation.ts";
import type { Slices, Work } from "../slices.ts";
import { readJob } from "../stored_job.ts";
import type { Workers } from "../workers.ts";
import {
  type CheckedSelection,
  checkQuery,
  checkQueueQuery,
  checkSelection,
  type JobLookup,
  type PageLimits,
} from "./check.ts";
import { type Filter, matcher } from "./match.ts";
import { type LocatedJob, serverJobOf } from "./read.ts";
import {
  type JobOrder,
  keyReader,
  MAX_SORTED,
  MAX_SORTED_LENGTH,
  type SortedJob,
  sortJobs,
} from "./sort.ts";
import type {
  JobAttempt,
  JobPage,
  JobPlace,
  JobProgress,
  JobQuery,
  JobSelection,
  ListedSet,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerRecurring,
  ServerWorker,
} from "../../inspect/types.ts";

/** Jobs read between two yields. */
const AT_ONCE = 256;

/** Maximum number of jobs that a filter examines per call. */
const MAX_SEARCHED = 100_000;

/** Characters of jobs read between two yields. */
const YIELD_AFTER = 256 * 1024;

/** Characters of jobs after which a page ends early. */
const MAX_PAGE = 8 * 1024 * 1024;

/**
 * Time for which the marker of a cancelled running job is kept, in seconds. Workers look for
 * markers every five seconds.
 */
const CANCELLED_SECONDS = 600;

/** Maximum number of batches in a listing. */
const MAX_BATCHES = 1000;

/** Maximum number of jobs of a worker in a listing. */
const MAX_WORKER_JOBS = 100;

/** A filter of stored jobs. */
type Matches = (payload: Payload) => boolean;

const SETS: readonly SetName[] = ["retries", "dead", "scheduled"];

/** A set or queue whose jobs can be listed page by page. */
interface JobListing {
  readonly size: number;
  page(from: number, max: number): LocatedJob[];
}

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

  readonly #maxSearched: number;
  readonly #maxSorted: number;

  constructor(parts: InspectorParts, maxSearched = MAX_SEARCHED, maxSorted = MAX_SORTED) {
    const { manager, workers, slices, clock } = parts;
    this.#parts = parts;
    this.#maxSearched = maxSearched;
    this.#maxSorted = maxSorted;
    this.#manager = manager;
    this.#workers = workers;
    this.#slices = slices;
    this.#clock = clock;
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async jobs(query: JobQuery): Promise<JobPage> {
    const limits = checkQuery(query);
    const filter: Filter = query.set === undefined ? { ...query, queue: undefined } : query;
    const listing = this.#listing(query);
    return await this.#slices.run(
      limits.sort === undefined
        ? this.#list(listing, limits, matcher(filter))
        : this.#sort(listing, { ...limits, sort: limits.sort }, matcher(filter)),
    );
  }

  /** Finds a job by its id. Jobs with a worker come first. */
  async job(jid: string, { maxArgs }: JobLookup): Promise<ServerJob | undefined> {
    const reservation = this.#manager.reservationOf(jid);
    const found = reservation === undefined
      ? await this.#slices.run(this.#find(jid))
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
    return await this.#slices.run(this.#cancel(jid));
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async change(action: "requeue" | "kill" | "discard", selection: JobSelection): Promise<number> {
    try {
      return await this.#slices.run(this.#change(action, checkSelection(selection)));
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
    return await this.#slices.run(this.#count(checkSelection(selection)));
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

  *#list(
    listing: JobListing,
    { offset, limit, maxArgs, newestFirst }: PageLimits,
    matches: Matches | undefined,
  ): Work<JobPage> {
    const total = listing.size;
    const jobs: ServerJob[] = [];
    const most = matches === undefined ? limit : this.#maxSearched;
    let [length, sinceYield] = [0, 0];
    let at = Math.min(offset, total);
    const end = Math.min(total, at + most);
    while (at < end && jobs.length < limit && length < MAX_PAGE) {
      const count = Math.min(AT_ONCE, end - at);
      const page = listing.page(newestFirst ? total - at - count : at, count);
      for (const found of newestFirst ? page.reverse() : page) {
        at++;
        const { payload } = found;
        const size = lengthOf(payload);
        sinceYield += size;
        if (matches === undefined || matches(payload)) {
          const job = serverJobOf(found, maxArgs);
          jobs.push(job);
          length += size + job.args.length;
          if (jobs.length === limit || length >= MAX_PAGE) break;
        }
        if (sinceYield < YIELD_AFTER) continue;
        sinceYield = 0;
        yield;
      }
      if (page.length < count) at = Math.max(at, end);
      yield;
    }
    return {
      jobs,
      total,
      searched: at - Math.min(offset, total),
      sorted: undefined,
      next: at < total ? at : undefined,
    };
  }

  /** Sorts the first jobs, and returns a page of them. */
  *#sort(
    listing: JobListing,
    { sort, offset, limit, maxArgs, newestFirst }: PageLimits & { readonly sort: JobOrder },
    matches: Matches | undefined,
  ): Work<JobPage> {
    const total = listing.size;
    const keyOf = keyReader(sort);
    const sorted: SortedJob[] = [];
    const end = Math.min(total, matches === undefined ? this.#maxSorted : this.#maxSearched);
    let [at, length] = [0, 0];
    while (at < end && sorted.length < this.#maxSorted && length < MAX_SORTED_LENGTH) {
      const page = listing.page(at, Math.min(AT_ONCE, end - at));
      if (page.length === 0) break;
      at += page.length;
      for (const found of page) {
        if (matches?.(found.payload) === false) continue;
        sorted.push({ key: keyOf(found.payload), found });
        length += lengthOf(found.payload);
      }
      yield;
    }
    sortJobs(sorted, newestFirst);
    const jobs = sorted.slice(offset, offset + limit).map(({ found }) =>
      serverJobOf(found, maxArgs)
    );
    const next = offset + jobs.length;
    return {
      ...{ jobs, total, searched: at, sorted: sorted.length },
      next: next < sorted.length ? next : undefined,
    };
  }

  *#find(jid: string): Work<LocatedJob | undefined> {
    for (const name of SETS) {
      const [entry] = this.#manager.sets[name].withJid(jid);
      if (entry !== undefined) return { payload: entry.value, place: name, at: entry.at };
    }
    const matches = matcher({ jids: [jid] })!;
    for (const queue of this.#manager.queues.names()) {
      const [found] = yield* this.#manager.queues.search(queue, matches, 1);
      if (found !== undefined) return { payload: found.payload, place: "queue" };
    }
    return undefined;
  }

  /** Takes jobs out of a queue, then changes them. */
  *#changeQueued(change: Change, queue: string, jids: readonly string[]): Work<number> {
    const { queues } = this.#manager;
    let count = 0;
    const wanted = [...new Set(jids)];
    const found = yield* queues.search(queue, matcher({ jids: wanted })!, wanted.length);
    for (const { row, payload } of found) {
      if (!queues.drop(queue, row)) continue;
      change.run(this.#manager, copyPayload(payload));
      count++;
    }
    return count;
  }

  /**
   * Does what the commands of `producer.cancel` do. The marker comes first: a worker may fetch the
   * job while its queue is searched.
   */
  *#cancel(jid: string): Work<Exclude<JobPlace, "dead"> | undefined> {
    const manager = this.#manager;
    const expiresAt = Math.ceil(this.#clock.now() / 1000) + CANCELLED_SECONDS;
    const marker = createMarker(jid, expiresAt);
    manager.push(readJob(markerJob(marker).json));
    let place: Exclude<JobPlace, "dead"> | undefined;
    for (const set of ["scheduled", "retries"] as const) {
      for (const entry of manager.sets[set].withJid(jid)) {
        manager.sets[set].remove(entry);
        place = set;
      }
    }
    const matches = matcher({ jids: [jid] })!;
    for (const queue of place === undefined ? manager.queues.names() : []) {
      if (manager.reservationOf(jid) !== undefined) break;
      const [found] = yield* manager.queues.search(queue, matches, 1);
      if (found !== undefined && manager.queues.drop(queue, found.row)) place = "queue";
      if (place !== undefined) break;
    }
    if (manager.reservationOf(jid) === undefined) {
      this.#slices.start(manager.queues.remove(marker.queue));
      return place;
    }
    manager.fail({ ...CANCELLED, jid, backtrace: [] });
    for (const set of ["retries", "dead"] as const) {
      for (const entry of manager.sets[set].withJid(jid)) manager.sets[set].remove(entry);
    }
    return "working";
  }

  *#change(action: string, { sets, queue, filter, jids }: CheckedSelection): Work<number> {
    const change = CHANGES.get(action)!;
    if (queue !== undefined && action === "requeue") {
      throw new InvalidArgumentError(
        "INVALID_FILTER",
        "Cannot retry jobs of a queue as they already wait to run",
      );
    }
    let count = 0;
    if (queue !== undefined) return yield* this.#changeQueued(change, queue, jids!);
    if (jids === undefined) {
      const matches = matcher(filter) ?? (() => true);
      for (const set of sets) count += yield* changeJobs(this.#manager, { set, change, matches });
      return count;
    }
    for (const found of this.#withJids(jids, sets, filter)) {
      for (const { set, entry } of found) changeEntry(this.#manager, { set, change, entry });
      count += found.length;
      yield;
    }
    return count;
  }

  *#count({ sets, queue, filter, jids }: CheckedSelection): Work<number> {
    let count = 0;
    if (queue !== undefined) {
      const wanted = [...new Set(jids)];
      const matches = matcher({ jids: wanted })!;
      return (yield* this.#manager.queues.search(queue, matches, wanted.length)).length;
    }
    if (jids !== undefined) {
      for (const found of this.#withJids(jids, sets, filter)) {
        count += found.length;
        yield;
      }
      return count;
    }
    const matches = matcher(filter);
    for (const name of sets) {
      const set = this.#manager.sets[name];
      if (matches === undefined) {
        count += set.size;
        continue;
      }
      for (const { entries } of set.parts(AT_ONCE)) {
        for (const { value } of entries) if (matches(value)) count++;
        yield;
      }
    }
    return count;
  }

  /** Yields, for each id, its jobs in these sets. */
  *#withJids(
    jids: readonly string[],
    sets: readonly SetName[],
    filter: Filter,
  ): Generator<{ readonly set: SetName; readonly entry: JobEntry }[]> {
    const matches = matcher(filter) ?? (() => true);
    for (const jid of new Set(jids)) {
      yield sets.flatMap((set) =>
        this.#manager.sets[set].withJid(jid)
          .filter(({ value }) => matches(value))
          .map((entry) => ({ set, entry }))
      );
    }
  }

  #listing(
    { set, queue = "" }: { readonly set?: ListedSet | undefined; queue?: string | undefined },
  ): JobListing {
    const manager = this.#manager;
    if (set === undefined) {
      return {
        size: manager.queues.sizeOf(queue) ?? 0,
        page: (from, max) =>
          manager.queues.page(queue, from, max).map((payload) => ({ payload, place: "queue" })),
      };
    }
    if (set === "working") {
      return {
        size: manager.working,
        page: (from, max) => manager.workingPage(from, max).map(locatedReservation),
      };
    }
    const members = manager.sets[set];
    return {
      size: members.size,
      page: (from, max) =>
        members.page(from, max).map(({ at, value }) => ({ payload: value, place: set, at })),
    };
  }
}

/** Returns the length of a job's JSON. The arguments of a large job do not count. */
function lengthOf(payload: Payload): number {
  return typeof payload === "string" ? payload.length : payload.frame.length;
}

function latencyOf(oldest: Payload | undefined, now: number): number | undefined {
  try {
    return ageOf(oldest, now);
  } catch (error) {
    if (error instanceof GoError) return undefined;
    throw error;
  }
}

function locatedReservation({ payload, wid, entry, extension }: Reservation): LocatedJob {
  const isAsReserved = extension === undefined;
  return { payload, place: "working", at: extension ?? entry.at, worker: wid, isAsReserved };
}
