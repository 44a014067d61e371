import type { JobFailure } from "../job/job.ts";

export type { JobFailure };

/** Result of an attempt. `retry` means that it failed and that the job will run again. */
export type AttemptResult = "success" | "retry" | "dead" | "dropped";

/** A run of a job that failed, or that succeeded after others had failed. */
export interface JobAttempt {
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** When the run started. `undefined` if its reservation was extended. */
  readonly startedAt: Date | undefined;
  /** When the run ended. */
  readonly endedAt: Date;
  /** The `wid` of the worker that ran it. */
  readonly worker: string;
  /** Result of the run. */
  readonly result: AttemptResult;
  /** Type of the error. `undefined` after a success. */
  readonly errorType: string | undefined;
  /** First 300 characters of the error's message. `undefined` after a success. */
  readonly message: string | undefined;
}

/** Progress of a tracked job (Enterprise), as its worker reports it. */
export interface JobProgress {
  /** From 0 to 100. */
  readonly percent: number;
  /** The text that the worker reported with it. */
  readonly description: string;
  /** When the worker reported it. */
  readonly updatedAt: Date | undefined;
}

/**
 * A set whose jobs can be listed: the sets of the protocol, and the jobs that are with a worker.
 */
export type ListedSet = "scheduled" | "retries" | "dead" | "working";

/** The place of a job: one of the sets, or its queue. */
export type JobPlace = ListedSet | "queue";

/** Selects the jobs that {@linkcode FaktoryServer.jobs} lists. */
export interface JobQuery {
  /** The set to list. Either `set` or `queue` is required. @default none */
  readonly set?: ListedSet | undefined;
  /**
   * The queue to list. Together with `set`: only the set's jobs from this queue. @default none
   */
  readonly queue?: string | undefined;
  /** Only jobs of this type. @default any */
  readonly type?: string | undefined;
  /** Only failed jobs whose error type or message contains this text, ignoring case. @default any */
  readonly error?: string | undefined;
  /**
   * Only jobs whose stored JSON contains this text, ignoring case. Only the first 64 KiB of large
   * arguments are searched.
   *
   * @default any
   */
  readonly text?: string | undefined;
  /**
   * Sorts the jobs by type, by queue, by the type and message of the error, or by the number of
   * attempts, the largest first. Only the first 20,000 jobs are sorted and listed, fewer if they
   * are large; with a filter, the first 20,000 that match.
   *
   * @default the order in which the server processes the jobs, without a limit
   */
  readonly sort?: "type" | "queue" | "error" | "attempts" | undefined;
  /** Lists from the end. @default false */
  readonly newestFirst?: boolean | undefined;
  /**
   * Number of jobs to skip, counted in the set or queue before any filter, or in the sorted list.
   * @default 0
   */
  readonly offset?: number | undefined;
  /** Maximum number of jobs to list, 1 to 1000. Large jobs make a page shorter. @default 25 */
  readonly limit?: number | undefined;
  /** Maximum number of characters of each job's arguments. @default 1000 */
  readonly maxArgs?: number | undefined;
}

/** Options of {@linkcode FaktoryServer.job}. */
export interface FindJobOptions {
  /** Maximum number of characters of the arguments. @default 100000 */
  readonly maxArgs?: number | undefined;
}

/** A page of the jobs of a set or queue. */
export interface JobPage {
  /** The jobs. */
  readonly jobs: readonly ServerJob[];
  /** Number of jobs in the set or queue, before any filter. */
  readonly total: number;
  /** Number of jobs examined. A filter examines at most 100,000 per call. */
  readonly searched: number;
  /** Number of jobs sorted. `undefined` without `sort`. */
  readonly sorted: number | undefined;
  /** The `offset` of the next page. `undefined` at the end. */
  readonly next: number | undefined;
}

/** A job on the server. */
export interface ServerJob {
  /** The job's id. */
  readonly jid: string;
  /** The job's type, which selects the handler. */
  readonly type: string;
  /** The job's queue. */
  readonly queue: string;
  /** The job's place. */
  readonly place: JobPlace;
  /**
   * Scheduled job or retry: when it will be enqueued. Dead job: when the server deletes it. Job
   * with a worker: when its reservation ends.
   */
  readonly at: Date | undefined;
  /** The arguments, as JSON, cut to `maxArgs` characters. */
  readonly args: string;
  /** Full length of the arguments as JSON: in characters, or in bytes above 64 KiB. */
  readonly argsLength: number;
  /** The job's `custom` data. */
  readonly custom: Readonly<Record<string, unknown>>;
  /** Maximum number of retries. */
  readonly retry: number | undefined;
  /** Seconds that a worker may take for the job. `undefined` means 1800. */
  readonly reserveFor: number | undefined;
  /** When the job was created. */
  readonly createdAt: Date | undefined;
  /** When the server last put the job on its queue. */
  readonly enqueuedAt: Date | undefined;
  /** The job's last failure. */
  readonly failure: JobFailure | undefined;
  /**
   * When the current run started. Only for a job with a worker whose reservation was not extended.
   */
  readonly startedAt: Date | undefined;
  /** The `wid` of the worker that runs the job. */
  readonly worker: string | undefined;
  /** Progress of a tracked job. Only {@linkcode FaktoryServer.job} reads it. */
  readonly progress?: JobProgress | undefined;
}

/** Jobs to change: one id, several ids (in any set), or a selection from one set or one queue. */
export type JobSelection = string | readonly string[] | SetSelection | QueueSelection;

/** Selects jobs that wait on a queue. They can be killed, discarded and counted. */
export interface QueueSelection {
  /** The jobs' queue. */
  readonly queue: string;
  /** Only jobs with one of these ids. */
  readonly jids: readonly string[];
  /** Never set. It distinguishes this selection from a {@linkcode SetSelection}. */
  readonly set?: undefined;
}

/** Selects jobs of a set. At least one filter is required. A job must match all filters. */
export interface SetSelection extends Pick<JobQuery, "type" | "queue" | "error" | "text"> {
  /** The jobs' set. */
  readonly set: "scheduled" | "retries" | "dead";
  /** Only jobs with one of these ids. */
  readonly jids?: readonly string[] | undefined;
  /** Selects every job of the set. */
  readonly all?: true | undefined;
}

/** A queue, as {@linkcode FaktoryServer.queues} lists it. */
export interface ServerQueue {
  /** The queue's name. */
  readonly name: string;
  /** Number of waiting jobs. */
  readonly size: number;
  /** True if the queue is paused. */
  readonly paused: boolean;
  /**
   * Seconds that the oldest job has waited: 0 for an empty queue, `undefined` if the job has no
   * such time.
   */
  readonly latency: number | undefined;
}

/** Counts of one interval. */
export interface HistoryPoint {
  /** Start of the interval. */
  readonly at: Date;
  /** Jobs enqueued, for now or for later. */
  readonly enqueued: number;
  /** Runs of jobs, successful or failed. */
  readonly processed: number;
  /** Failed runs. */
  readonly failed: number;
}

/** Counts of the last hour and week, the oldest first. */
export interface ServerHistory {
  /** The last hour, in intervals of 10 seconds. */
  readonly hour: readonly HistoryPoint[];
  /** The last week, in intervals of 10 minutes. */
  readonly week: readonly HistoryPoint[];
}

/**
 * A recurring job of the option `cron` (Enterprise), as {@linkcode FaktoryServer.recurring} lists
 * it.
 */
export interface ServerRecurring {
  /** The cron expression, in UTC. */
  readonly schedule: string;
  /** The job's type, which selects its handler. */
  readonly type: string;
  /** The job's queue. */
  readonly queue: string;
  /** The job's arguments, as JSON. */
  readonly args: string;
  /** The next three firings; fewer if the schedule has no more. */
  readonly next: readonly Date[];
}

/** A batch (Enterprise), as {@linkcode FaktoryServer.batches} lists it. */
export interface ServerBatch {
  /** The batch's id. */
  readonly bid: string;
  /** The id of the batch that contains this batch. */
  readonly parentBid: string | undefined;
  /** The batch's description. */
  readonly description: string;
  /** When the batch was created. */
  readonly createdAt: Date;
  /** True if the batch is committed: no more jobs are added. */
  readonly committed: boolean;
  /** Number of jobs. */
  readonly total: number;
  /** Jobs that have not succeeded yet. */
  readonly pending: number;
  /** Pending jobs whose last run failed. */
  readonly failed: number;
  /** State of each callback. `undefined` if the batch has no such callback. */
  readonly callbacks: Readonly<
    Record<"complete" | "success", "waiting" | "enqueued" | "done" | undefined>
  >;
}

/** Selects the queues that {@linkcode FaktoryServer.queues} lists. */
export interface QueueQuery {
  /** Only the queue with this name. @default any */
  readonly name?: string | undefined;
  /**
   * Only queues whose names contain this text. Internal queues, whose names start with `faktory.`,
   * are listed only if the text starts so, too.
   *
   * @default any
   */
  readonly text?: string | undefined;
  /** Sorted by name, or by size with the largest first. @default "name" */
  readonly order?: "name" | "size" | undefined;
  /** Number of queues to skip. @default 0 */
  readonly offset?: number | undefined;
  /** Maximum number of queues to list, 1 to 1000. @default 1000 */
  readonly limit?: number | undefined;
}

/** A page of the queues. */
export interface QueuePage<Queue = ServerQueue> {
  /** The queues. */
  readonly queues: readonly Queue[];
  /** Number of queues that match. */
  readonly total: number;
  /** Number of waiting jobs on all matching queues. */
  readonly jobs: number;
}

/** A worker process, as {@linkcode FaktoryServer.workers} lists it. */
export interface ServerWorker {
  /** The worker's id. */
  readonly wid: string;
  /** The host name that the worker has sent. */
  readonly hostname: string;
  /** The worker's process id. */
  readonly pid: number;
  /** The worker's labels. */
  readonly labels: readonly string[];
  /** State of the worker: only `running` takes new jobs. */
  readonly state: "running" | "quiet" | "terminate";
  /** Number of open connections. */
  readonly connections: number;
  /** Memory in KiB. `undefined` until the worker reports it. */
  readonly rssKb: number | undefined;
  /** When the worker connected. */
  readonly since: Date;
  /** When the worker last sent a heartbeat. */
  readonly lastBeat: Date;
  /** The worker's jobs, at most 100. */
  readonly jobs: readonly ServerJob[];
}
