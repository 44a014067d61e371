import type { JobFailure } from "../job/job.ts";

export type { JobFailure };

/** A set whose jobs can be listed: those of the protocol, and the jobs that a worker has. */
export type ListedSet = "scheduled" | "retries" | "dead" | "working";

/** Where a job is. */
export type JobPlace = ListedSet | "queue";

/** Which jobs {@linkcode FaktoryServer.jobs} lists. */
export interface JobQuery {
  /** The set to list. One of `set` and `queue` is needed. */
  readonly set?: ListedSet | undefined;
  /** The queue to list; with `set`, only the set's jobs of this queue. */
  readonly queue?: string | undefined;
  /** Only jobs of exactly this type. */
  readonly type?: string | undefined;
  /** Only failed jobs whose error's type or message contains this text, in upper or lower case. */
  readonly error?: string | undefined;
  /**
   * Only jobs whose stored JSON contains this text, in upper or lower case. Of arguments above 64
   * KiB, the first 64 KiB count.
   */
  readonly text?: string | undefined;
  /** Lists from the end. @default false, the order in which the server takes the jobs */
  readonly newestFirst?: boolean | undefined;
  /** How many jobs to pass over, counted in the set or queue before any filter. @default 0 */
  readonly offset?: number | undefined;
  /** The most jobs to list, 1 to 1000; fewer if they are large. @default 25 */
  readonly limit?: number | undefined;
  /** The most characters of each job's arguments. @default 1000 */
  readonly maxArgs?: number | undefined;
}

/** Options of {@linkcode FaktoryServer.job}. */
export interface FindJobOptions {
  /** The most characters of the arguments. @default 100000 */
  readonly maxArgs?: number | undefined;
}

/** Some of the jobs of a set or queue. */
export interface JobPage {
  /** The jobs. */
  readonly jobs: readonly ServerJob[];
  /** Jobs in the set or queue, whether they match or not. */
  readonly total: number;
  /** How many were looked at. A filter looks at no more than 100,000 a call. */
  readonly searched: number;
  /** The `offset` at which the list goes on; `undefined` at its end. */
  readonly next: number | undefined;
}

/** A job as the server holds it. */
export interface ServerJob {
  /** The job's id. */
  readonly jid: string;
  /** Which handler runs it. */
  readonly type: string;
  /** Its queue. */
  readonly queue: string;
  /** Where it is. */
  readonly place: JobPlace;
  /**
   * Of a scheduled job or a retry: when it is enqueued. Of a dead job: when the server drops it. Of
   * a job with a worker: when its reservation ends.
   */
  readonly at: Date | undefined;
  /** The arguments, as JSON, cut to `maxArgs` characters. */
  readonly args: string;
  /**
   * The length of all arguments, as JSON, in characters, or in bytes where they are above 64 KiB.
   */
  readonly argsLength: number;
  /** Everything else that goes with the job. */
  readonly custom: Readonly<Record<string, unknown>>;
  /** Retries after a failure. */
  readonly retry: number | undefined;
  /** Seconds that a worker may take for it; `undefined` is 1800. */
  readonly reserveFor: number | undefined;
  /** When the job was made. */
  readonly createdAt: Date | undefined;
  /** When the server last put it on its queue. */
  readonly enqueuedAt: Date | undefined;
  /** Its last failure. */
  readonly failure: JobFailure | undefined;
  /** When its run started; only of a job with a worker, and not if the reservation was extended. */
  readonly startedAt: Date | undefined;
  /** The `wid` of the worker that has it. */
  readonly worker: string | undefined;
}

/**
 * Jobs to change: one or several by their ids, in whichever set they are; or those of one set, by
 * ids, by a filter as of {@linkcode JobQuery}, or all of them.
 */
export type JobSelection = string | readonly string[] | SetSelection;

/** Jobs of a set. At least one of the filters is needed; of several, a job has to match each. */
export interface SetSelection extends Pick<JobQuery, "type" | "queue" | "error" | "text"> {
  /** The set that they are in. */
  readonly set: "scheduled" | "retries" | "dead";
  /** Jobs with one of these ids. */
  readonly jids?: readonly string[] | undefined;
  /** Every job of the set. */
  readonly all?: true | undefined;
}

/** A queue, as {@linkcode FaktoryServer.queues} lists it. */
export interface ServerQueue {
  /** Its name. */
  readonly name: string;
  /** Jobs that wait. */
  readonly size: number;
  /** Whether its jobs are held back. */
  readonly paused: boolean;
  /**
   * Seconds that its oldest job has waited; 0 without a job, `undefined` where the job does not
   * say.
   */
  readonly latency: number | undefined;
}

/** What happened in a stretch of time. */
export interface HistoryPoint {
  /** When it began. */
  readonly at: Date;
  /** Jobs that were enqueued, for now or for later. */
  readonly enqueued: number;
  /** Jobs that were run, whether they failed or not. */
  readonly processed: number;
  /** Runs that failed. */
  readonly failed: number;
}

/** What happened lately, the oldest point first. */
export interface ServerHistory {
  /** The last hour, in points of 10 seconds. */
  readonly hour: readonly HistoryPoint[];
  /** The last week, in points of 10 minutes. */
  readonly week: readonly HistoryPoint[];
}

/** A batch (Enterprise), as {@linkcode FaktoryServer.batches} lists it. */
export interface ServerBatch {
  /** The batch's id. */
  readonly bid: string;
  /** The batch that it is part of. */
  readonly parentBid: string | undefined;
  /** What its maker says of it. */
  readonly description: string;
  /** When it was made. */
  readonly createdAt: Date;
  /** Whether all of its jobs are in. */
  readonly committed: boolean;
  /** Jobs in all. */
  readonly total: number;
  /** Jobs that have not succeeded. */
  readonly pending: number;
  /** Of these, jobs whose last run failed. */
  readonly failed: number;
  /** Where its callbacks are; `undefined` where it has none of the kind. */
  readonly callbacks: Readonly<
    Record<"complete" | "success", "waiting" | "enqueued" | "done" | undefined>
  >;
}

/** Which queues {@linkcode FaktoryServer.queues} lists. */
export interface QueueQuery {
  /** Only the queue of exactly this name. */
  readonly name?: string | undefined;
  /** Only queues with this in their names. */
  readonly text?: string | undefined;
  /** By their names, or the largest first. @default "name" */
  readonly order?: "name" | "size" | undefined;
  /** How many queues to pass over. @default 0 */
  readonly offset?: number | undefined;
  /** The most queues to list, 1 to 1000. @default 1000 */
  readonly limit?: number | undefined;
}

/** Some of the queues. */
export interface QueuePage<Queue = ServerQueue> {
  /** The queues. */
  readonly queues: readonly Queue[];
  /** How many there are that match. */
  readonly total: number;
  /** Jobs that wait on all of these. */
  readonly jobs: number;
}

/** A worker process, as {@linkcode FaktoryServer.workers} lists it. */
export interface ServerWorker {
  /** What the worker is known by. */
  readonly wid: string;
  /** The machine that it runs on, as it says. */
  readonly hostname: string;
  /** Its process id. */
  readonly pid: number;
  /** Its labels. */
  readonly labels: readonly string[];
  /** Whether it takes jobs. */
  readonly state: "running" | "quiet" | "terminate";
  /** Connections that it has open. */
  readonly connections: number;
  /** Its memory in KiB; `undefined` until it says. */
  readonly rssKb: number | undefined;
  /** When it connected. */
  readonly since: Date;
  /** When it last said that it is alive. */
  readonly lastBeat: Date;
  /** The jobs that it has, at most 100 of them. */
  readonly jobs: readonly ServerJob[];
}
