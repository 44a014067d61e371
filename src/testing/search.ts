import type { Job } from "../job/job.ts";
import { AssertionError } from "./assertion_error.ts";
import { showJson } from "./difference.ts";
import { Expectation, type ExpectedJob } from "./expected_job.ts";
import { InvalidArgumentError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** What is expected of the jobs that were enqueued. */
export interface ExpectedJobs<Args extends readonly unknown[] = readonly unknown[]>
  extends ExpectedJob<Args> {
  /** How many of them there are to be, exactly. @default one or more */
  readonly times?: number | undefined;
}

/** Jobs that a message lists, at most. */
const MAX_LISTED = 10;

/** The jobs that are as expected; throws where there is none, or another number than `times`. */
export function findJobs(
  jobs: readonly Job[],
  type: string,
  wanted: ExpectedJobs,
): [Job, ...Job[]] {
  const { times } = wanted;
  if (times !== undefined && !(Number.isSafeInteger(times) && times > 0)) {
    throw new InvalidArgumentError(
      "INVALID_ARGUMENT",
      `Cannot look for a job as times is not an integer of 1 or more: got ${showValue(times)}` +
        (times === 0 ? ". Is assertNotEnqueued what is meant?" : ""),
    );
  }
  const expectation = new Expectation(type, wanted, ["times"]);
  const found = matching(jobs, type, expectation);
  if (found.length > 0 && (times === undefined || times === found.length)) {
    return found as [Job, ...Job[]];
  }
  const looked = times === undefined ? "a job" : `exactly ${times} ${times === 1 ? "job" : "jobs"}`;
  const got = found.length === 0 ? "" : `, but ${found.length},`;
  throw new AssertionError(
    "NOT_ENQUEUED",
    `Cannot find ${looked} ${expectation}${got} among the jobs that were enqueued.\n` +
      survey(jobs, type, expectation),
    { actual: jobs.filter((job) => job.type === type).map(summary), expected: wanted },
  );
}

/** Throws where there is a job like this. */
export function findNone(jobs: readonly Job[], type: string, wanted: ExpectedJob): void {
  const expectation = new Expectation(type, wanted);
  const found = matching(jobs, type, expectation);
  if (found.length === 0) return;
  throw new AssertionError(
    "ENQUEUED",
    `Cannot have a job ${expectation}, but ${found.length} ${were(found)} enqueued:\n` +
      list(found.map(describe)),
    { actual: found.map(summary), expected: [] },
  );
}

function matching(jobs: readonly Job[], type: string, expectation: Expectation): Job[] {
  return jobs.filter((job) => job.type === type && expectation.differences(job).length === 0);
}

/** What there is instead, the most alike first. */
function survey(jobs: readonly Job[], type: string, expectation: Expectation): string {
  const alike = jobs.filter((job) => job.type === type)
    .map((job) => ({ job, differences: expectation.differences(job) }))
    .sort((a, b) => a.differences.length - b.differences.length);
  if (alike.length > 0) {
    return `Of this type ${were(alike)}:\n` +
      list(
        alike.map(({ job, differences }) =>
          `${describe(job)}: ${differences.length === 0 ? "as expected" : differences.join("; ")}`
        ),
      );
  }
  if (jobs.length === 0) return "None was enqueued at all.";
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(job.type, (counts.get(job.type) ?? 0) + 1);
  return "None of this type was, but of others:\n" +
    list([...counts].map(([name, count]) => `${showJson(name)}: ${count}`));
}

function describe({ args, queue, at }: Job): string {
  const time = at === undefined ? "" : `, at ${at.toISOString()}`;
  return `args ${showJson(args)}, queue ${showJson(queue)}${time}`;
}

function summary({ type, args, queue, at, retry, custom }: Job): unknown {
  return { type, args, queue, at, retry, custom };
}

function were(items: readonly unknown[]): string {
  return items.length === 1 ? "was" : "were";
}

function list(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_LISTED).map((line) => `  - ${line}`);
  const left = lines.length - shown.length;
  return [...shown, ...left > 0 ? [`  - and ${left} more`] : []].join("\n");
}
