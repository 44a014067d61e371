import { iteratedSha256 } from "../internal/iterated_sha256.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { explicitQueueOf, faultOf, Job, type JobFields, type JobInput } from "../job/job.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import type { CheckedEntry } from "./entry.ts";
import { refused } from "./firings.ts";

/**
 * Number of characters for a time in a jid. It is enough for every year of four digits, so the
 * texts sort like the times.
 */
const TIME_LENGTH = 7;

/** Number of characters for a job's checksum in its jid. */
const SUM_LENGTH = 10;

/** Properties of a job that the schedule sets. */
const SET_BY_SCHEDULE = ["jid", "at", "delay", "createdAt"] as const;

/** A placeholder of 8 bytes for the jid while the checksum is computed. */
const NO_JID = "--------";

/** Returns the prefix of the jids of all jobs of schedules with this name. */
export function prefixOf(schedule: string): string {
  return `cron:${schedule}:`;
}

/** Formats a time for a jid. */
export function timeText(ms: number): string {
  return Math.floor(ms / 1000).toString(36).padStart(TIME_LENGTH, "0");
}

/** Creates the jobs of a schedule's firings. */
export class JobMaker {
  readonly #schedule: string;
  readonly #catalogue: JobCatalogue | undefined;

  constructor(schedule: string, catalogue: JobCatalogue | undefined) {
    this.#schedule = schedule;
    this.#catalogue = catalogue;
  }

  /**
   * Returns the job of a firing, to run at `at`, which is the time of the firing unless that was
   * missed. Every process creates the same bytes, because the server keeps scheduled jobs in a set,
   * which stores equal jobs once. The jid contains the time, the name and a checksum of the job, so
   * a changed job is a different one.
   *
   * @throws {InvalidJobError} if the server would refuse the job.
   */
  make({ name, job }: CheckedEntry, firing: number, at: number = firing): EncodedJob {
    const fields = fieldsOf(name, typeof job === "function" ? job(new Date(firing)) : job);
    const filled = this.#catalogue?.fill(fields) ?? fields;
    const full = { ...filled, at: new Date(at), createdAt: new Date(firing) };
    const { json } = encodeJob({ ...full, at: new Date(firing), jid: NO_JID });
    const sum = iteratedSha256(new TextEncoder().encode(json), 1).slice(0, SUM_LENGTH);
    return encodeJob({
      ...full,
      jid: `${prefixOf(this.#schedule)}${timeText(firing)}:${name}:${sum}`,
    });
  }

  /**
   * Checks an entry's job against the catalogue.
   *
   * @throws {InvalidJobError}
   */
  async check({ name, job }: CheckedEntry, firing: number): Promise<void> {
    const fields = fieldsOf(name, typeof job === "function" ? job(new Date(firing)) : job);
    await this.#catalogue?.check(fields);
  }
}

/** Returns a job without the properties that the schedule sets. */
function fieldsOf(name: string, job: unknown): JobInput {
  if (typeof job !== "object" || job === null) throw refused(name, "its job is not an object");
  // A `Job` has created its own jid, and has a default queue.
  const fields = job instanceof Job ? { ...plainOf(job), jid: undefined } : { ...job as JobFields };
  for (const property of SET_BY_SCHEDULE) {
    if (fields[property] === undefined) continue;
    throw refused(name, `its job has a property ${property}, which the schedule sets`);
  }
  return fields;
}

function plainOf(job: Job): JobFields {
  const fault = faultOf(job);
  // Encoding throws the fault.
  if (fault !== undefined) encodeJob(job);
  const { type, args, retry, at, reserveFor, backtrace, custom, createdAt } = job;
  const queue = explicitQueueOf(job);
  return { type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt };
}
