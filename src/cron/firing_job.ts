import { iteratedSha256 } from "../internal/iterated_sha256.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { faultOf, givenQueue, Job, type JobFields, type JobInput } from "../job/job.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import type { Plan } from "./entry.ts";
import { refused } from "./firings.ts";

/**
 * Characters of a time in a jid: enough for every year of four digits, so that texts compare as
 * times do.
 */
const TIME_LENGTH = 7;

/** Characters of a job's checksum in its jid. */
const SUM_LENGTH = 10;

/** Properties of a job that come from the schedule. */
const OWN = ["jid", "at", "delay", "createdAt"] as const;

/** A job of 8 bytes of jid, whose place the real one takes. */
const NO_JID = "--------";

/** The beginning of the jids of all jobs of the schedules of this name. */
export function prefixOf(schedule: string): string {
  return `cron:${schedule}:`;
}

/** A time as it stands in a jid. */
export function timeText(ms: number): string {
  return Math.floor(ms / 1000).toString(36).padStart(TIME_LENGTH, "0");
}

/** Makes the jobs of a schedule's firings. */
export class JobMaker {
  readonly #schedule: string;
  readonly #catalogue: JobCatalogue | undefined;

  constructor(schedule: string, catalogue: JobCatalogue | undefined) {
    this.#schedule = schedule;
    this.#catalogue = catalogue;
  }

  /**
   * The job of a firing, to be run at `at`, which is the firing itself unless that was missed. The
   * same bytes in every process: the server keeps scheduled jobs in a set, and equal jobs are one.
   * The jid has the time, the name and a checksum of the job, so that a changed job is another one.
   *
   * @throws {InvalidJobError} if the job is one that the server would refuse.
   */
  make({ name, job }: Plan, firing: number, at: number = firing): EncodedJob {
    const given = fieldsOf(name, typeof job === "function" ? job(new Date(firing)) : job);
    const filled = this.#catalogue?.fill(given) ?? given;
    const whole = { ...filled, at: new Date(at), createdAt: new Date(firing) };
    const { json } = encodeJob({ ...whole, at: new Date(firing), jid: NO_JID });
    const sum = iteratedSha256(new TextEncoder().encode(json), 1).slice(0, SUM_LENGTH);
    return encodeJob({
      ...whole,
      jid: `${prefixOf(this.#schedule)}${timeText(firing)}:${name}:${sum}`,
    });
  }

  /**
   * Checks an entry's job by the catalogue.
   *
   * @throws {InvalidJobError}
   */
  async check({ name, job }: Plan, firing: number): Promise<void> {
    const given = fieldsOf(name, typeof job === "function" ? job(new Date(firing)) : job);
    await this.#catalogue?.check(given);
  }
}

/** A job without what the schedule gives it. */
function fieldsOf(name: string, job: unknown): JobInput {
  if (typeof job !== "object" || job === null) throw refused(name, "its job is not an object");
  // A Job has made up a jid for itself, and has a queue that nobody gave it.
  const given = job instanceof Job ? { ...plainOf(job), jid: undefined } : { ...job as JobFields };
  for (const property of OWN) {
    if (given[property] === undefined) continue;
    throw refused(name, `its job has a property ${property}, which comes from the schedule`);
  }
  return given;
}

function plainOf(job: Job): JobFields {
  const fault = faultOf(job);
  // Encoding says what is wrong.
  if (fault !== undefined) encodeJob(job);
  const { type, args, retry, at, reserveFor, backtrace, custom, createdAt } = job;
  const queue = givenQueue(job);
  return { type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt };
}
