import type { Clock } from "../../internal/clock.ts";
import { isMarker } from "../../protocol/cancellation.ts";
import { parseServerInfo, type ServerInfo } from "../../protocol/server_info.ts";
import type { History } from "../history.ts";
import { ageOf } from "../age.ts";
import { GoError } from "../go/error.ts";
import type { JobEntry } from "../job_set.ts";
import type { Manager } from "../manager.ts";
import type { Reservation, SetName } from "../members.ts";
import { changeEntry, changeJobs, CHANGES } from "../mutate.ts";
import type { Payload } from "../payload.ts";
import type { Slices, Work } from "../slices.ts";
import type { Workers } from "../workers.ts";
import {
  checkQuery,
  checkQueueQuery,
  checkSelection,
  type JobLookup,
  type Limits,
  type Selected,
} from "./check.ts";
import { type Filter, matcher } from "./match.ts";
import { type Found, readFound } from "./read.ts";
import type {
  JobPage,
  JobQuery,
  JobSelection,
  ListedSet,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
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

/** Maximum number of batches in a listing. */
const MAX_BATCHES = 1000;

/** Maximum number of jobs of a worker in a listing. */
const MAX_WORKER_JOBS = 100;

const SETS: readonly SetName[] = ["retries", "dead", "scheduled"];

/** A list of jobs to page through. */
interface Source {
  readonly size: number;
  page(from: number, max: number): Found[];
}

/** The parts of a server that an inspector reads. */
export interface Inspected {
  readonly manager: Manager;
  readonly workers: Workers;
  readonly slices: Slices;
  readonly clock: Clock;
  readonly history: Pick<History, "read">;
  /** Returns all batches. */
  batches(): ServerBatch[];
  /** The reply to INFO, as JSON. */
  info(): string;
}

/**
 * Lists and changes the jobs, queues and workers of a server. Long work runs in slices, so clients
 * are served in between.
 */
export class Inspector {
  readonly #inspected: Inspected;
  readonly #manager: Manager;
  readonly #workers: Workers;
  readonly #slices: Slices;
  readonly #clock: Clock;

  readonly #maxSearched: number;

  constructor(inspected: Inspected, maxSearched = MAX_SEARCHED) {
    const { manager, workers, slices, clock } = inspected;
    this.#inspected = inspected;
    this.#maxSearched = maxSearched;
    this.#manager = manager;
    this.#workers = workers;
    this.#slices = slices;
    this.#clock = clock;
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async jobs(query: JobQuery): Promise<JobPage> {
    const limits = checkQuery(query);
    const filter: Filter = query.set === undefined ? { ...query, queue: undefined } : query;
    return await this.#slices.run(this.#list(this.#source(query), limits, matcher(filter)));
  }

  /** Finds a job by its id. Jobs with a worker come first. */
  async job(jid: string, { maxArgs }: JobLookup): Promise<ServerJob | undefined> {
    const reservation = this.#manager.reservationOf(jid);
    if (reservation !== undefined) return readFound(reservedBy(reservation), maxArgs);
    const found = await this.#slices.run(this.#find(jid));
    return found === undefined ? undefined : readFound(found, maxArgs);
  }

  /** @throws {InvalidArgumentError} `INVALID_FILTER`. */
  async change(action: "requeue" | "kill" | "discard", selection: JobSelection): Promise<number> {
    return await this.#slices.run(this.#change(action, checkSelection(selection)));
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
    return parseServerInfo(JSON.parse(this.#inspected.info()));
  }

  history(): ServerHistory {
    return this.#inspected.history.read();
  }

  /** Lists the newest batches first. */
  batches(): ServerBatch[] {
    return this.#inspected.batches().reverse().slice(0, MAX_BATCHES);
  }

  /** Pauses, resumes or removes a queue. Returns false if there is no such queue. */
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
      // Hides the internal queues that mark cancelled jobs.
      name === undefined ? queue.name.includes(text) && !isMarker(queue.name) : queue.name === name
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
      if (list.length < MAX_WORKER_JOBS) list.push(readFound(reservedBy(reservation), 1000));
      if (i % AT_ONCE === AT_ONCE - 1) yield;
    }
    return this.#workers.list().map((worker) => ({ ...worker, jobs: jobs.get(worker.wid) ?? [] }));
  }

  *#list(
    source: Source,
    { offset, limit, maxArgs, newestFirst }: Limits,
    matches: ((payload: Found["payload"]) => boolean) | undefined,
  ): Work<JobPage> {
    const total = source.size;
    const jobs: ServerJob[] = [];
    const most = matches === undefined ? limit : this.#maxSearched;
    let [length, sinceYield] = [0, 0];
    let at = Math.min(offset, total);
    const end = Math.min(total, at + most);
    while (at < end && jobs.length < limit && length < MAX_PAGE) {
      const count = Math.min(AT_ONCE, end - at);
      const page = source.page(newestFirst ? total - at - count : at, count);
      for (const found of newestFirst ? page.reverse() : page) {
        at++;
        const { payload } = found;
        const size = typeof payload === "string" ? payload.length : payload.frame.length;
        sinceYield += size;
        if (matches === undefined || matches(payload)) {
          const job = readFound(found, maxArgs);
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
      next: at < total ? at : undefined,
    };
  }

  *#find(jid: string): Work<Found | undefined> {
    for (const name of SETS) {
      const [entry] = this.#manager.sets[name].withJid(jid);
      if (entry !== undefined) return { payload: entry.value, place: name, at: entry.at };
    }
    const matches = matcher({ jids: [jid] })!;
    const sources = this.#manager.queues.names().map((queue) => this.#source({ queue }));
    for (const source of sources) {
      for (let at = 0; at < source.size; at += AT_ONCE) {
        for (const found of source.page(at, AT_ONCE)) if (matches(found.payload)) return found;
        yield;
      }
    }
    return undefined;
  }

  *#change(action: string, { sets, filter, jids }: Selected): Work<number> {
    const change = CHANGES.get(action)!;
    let count = 0;
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

  *#count({ sets, filter, jids }: Selected): Work<number> {
    let count = 0;
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

  #source(
    { set, queue = "" }: { readonly set?: ListedSet | undefined; queue?: string | undefined },
  ): Source {
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
        page: (from, max) => manager.workingPage(from, max).map(reservedBy),
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

function latencyOf(oldest: Payload | undefined, now: number): number | undefined {
  try {
    return ageOf(oldest, now);
  } catch (error) {
    if (error instanceof GoError) return undefined;
    throw error;
  }
}

function reservedBy({ payload, wid, entry, extension }: Reservation): Found {
  const isAsReserved = extension === undefined;
  return { payload, place: "working", at: extension ?? entry.at, worker: wid, isAsReserved };
}
