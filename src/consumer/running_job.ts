import type { Clock } from "../internal/clock.ts";
import { printable } from "../internal/show.ts";
import type { Job } from "../job/job.ts";
import type { ConsumerState } from "./events.ts";
import { type LoggerLike, scopedLogger } from "./logger.ts";
import type { JobRun } from "./run/job_run.ts";

/** A running job of a consumer. */
export interface RunningJob {
  /** The job. */
  readonly job: Job;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** Time at which its handler started. */
  readonly startedAt: Date;
}

/** Copies the public properties of a run. */
export function runningJob(
  { job, attempt, startedAt }: Pick<JobRun, "job" | "attempt" | "startedAt">,
): RunningJob {
  return { job, attempt, startedAt: new Date(startedAt) };
}

/** The properties of a consumer that {@linkcode printRunning} prints. */
export interface PrintedConsumer {
  readonly wid: string;
  readonly state: ConsumerState;
  readonly running: readonly RunningJob[];
}

/**
 * Logs the state of a consumer and each of its running jobs. Never throws, because a signal
 * listener calls it.
 */
export function printRunning(
  { wid, state, running }: PrintedConsumer,
  logger: LoggerLike | undefined,
  clock: Clock,
): void {
  const write = scopedLogger(logger ?? console);
  write.info(`Consumer ${wid} is ${state} and runs ${running.length} jobs`);
  for (const { job, attempt, startedAt } of running) {
    const seconds = ((clock.now() - startedAt.getTime()) / 1000).toFixed(1);
    const [jid, type, queue] = [job.jid, job.type, job.queue].map(printable);
    write.info(`  ${jid} ${type} of ${queue}, attempt ${attempt}, for ${seconds} s`);
  }
}
