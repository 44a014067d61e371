import type { JobPage, ListedSet, ServerJob } from "../../inspect/types.ts";
import type { SetName } from "../job_set.ts";
import type { Manager } from "../manager.ts";
import type { Payload } from "../payload.ts";
import type { Reservation } from "../reservation.ts";
import type { Work } from "../slices.ts";
import type { PageLimits } from "./check.ts";
import { matcher } from "./match.ts";
import { type LocatedJob, serverJobOf } from "./read.ts";
import { type JobOrder, keyReader, MAX_SORTED_LENGTH, type SortedJob, sortJobs } from "./sort.ts";

/** Jobs read between two yields. */
const AT_ONCE = 256;

/** Characters of jobs read between two yields. */
const YIELD_AFTER = 256 * 1024;

/** Characters of jobs after which a page ends early. */
const MAX_PAGE = 8 * 1024 * 1024;

const SETS: readonly SetName[] = ["retries", "dead", "scheduled"];

/** A filter of stored jobs. */
export type Matches = (payload: Payload) => boolean;

/** A set or queue whose jobs can be listed page by page. */
export interface JobListing {
  readonly size: number;
  page(from: number, max: number): LocatedJob[];
}

/** Returns the listing of a set or of a queue. */
export function listingOf(
  manager: Manager,
  { set, queue = "" }: { readonly set?: ListedSet | undefined; queue?: string | undefined },
): JobListing {
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

/** Lists a page of jobs. With a filter, examines `maxSearched` jobs at most. */
export function* listJobs(
  listing: JobListing,
  { offset, limit, maxArgs, newestFirst }: PageLimits,
  matches: Matches | undefined,
  maxSearched: number,
): Work<JobPage> {
  const total = listing.size;
  const jobs: ServerJob[] = [];
  const most = matches === undefined ? limit : maxSearched;
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
export function* listSorted(
  listing: JobListing,
  { sort, offset, limit, maxArgs, newestFirst }: PageLimits & { readonly sort: JobOrder },
  matches: Matches | undefined,
  { maxSearched, maxSorted }: { readonly maxSearched: number; readonly maxSorted: number },
): Work<JobPage> {
  const total = listing.size;
  const keyOf = keyReader(sort);
  const sorted: SortedJob[] = [];
  const end = Math.min(total, matches === undefined ? maxSorted : maxSearched);
  let [at, length] = [0, 0];
  while (at < end && sorted.length < maxSorted && length < MAX_SORTED_LENGTH) {
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
  const jobs = sorted.slice(offset, offset + limit).map(({ found }) => serverJobOf(found, maxArgs));
  const next = offset + jobs.length;
  return {
    ...{ jobs, total, searched: at, sorted: sorted.length },
    next: next < sorted.length ? next : undefined,
  };
}

/** Finds a job in the sets and queues. */
export function* findJob(manager: Manager, jid: string): Work<LocatedJob | undefined> {
  for (const name of SETS) {
    const [entry] = manager.sets[name].withJid(jid);
    if (entry !== undefined) return { payload: entry.value, place: name, at: entry.at };
  }
  const matches = matcher({ jids: [jid] })!;
  for (const queue of manager.queues.names()) {
    const [found] = yield* manager.queues.search(queue, matches, 1);
    if (found !== undefined) return { payload: found.payload, place: "queue" };
  }
  return undefined;
}

/** Describes a job that a worker has. */
export function locatedReservation({ payload, wid, entry, extension }: Reservation): LocatedJob {
  const isAsReserved = extension === undefined;
  return { payload, place: "working", at: extension ?? entry.at, worker: wid, isAsReserved };
}

/** Returns the length of a job's JSON. The arguments of a large job do not count. */
function lengthOf(payload: Payload): number {
  return typeof payload === "string" ? payload.length : payload.frame.length;
}
