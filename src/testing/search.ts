import type { Job } from "../job/job.ts";
import { AssertionError } from "./assertion_error.ts";
import { showJson } from "./difference.ts";
import { Expectation, type ExpectedJob } from "./expected_job.ts";
import { InvalidArgumentError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** Expectations on the enqueued jobs. */
export interface ExpectedJobs<Args extends readonly unknown[] = readonly unknown[]>
  extends ExpectedJob<Args> {
  /** The exact number of matching jobs. @default one or more */
  readonly times?: number | undefined;
}

/** Maximum number of jobs in a message. */
const MAX_LISTED = 10;

/** Returns the matching jobs. Throws if there is none, or their number is not `times`. */
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
        (times === 0 ? ". Did you mean assertNotEnqueued?" : ""),
    );
  }
  const expectation = new Expectation(type, wanted, ["times"]);
  const found = matching(jobs, type, expectation);
  if (found.length > 0 && (times === undefined || times === found.length)) {
    return found as [Job, ...Job[]];
  }
  const expected = times === undefined
    ? "a job"
    : `exactly ${times} ${times === 1 ? "job" : "jobs"}`;
  const got = found.length === 0 ? "" : `, but ${found.length},`;
  throw new AssertionError(
    "NOT_ENQUEUED",
    `Cannot find ${expected} ${expectation}${got} among the enqueued jobs.\n` +
      describeOthers(jobs, type, expectation),
    { actual: jobs.filter((job) => job.type === type).map(summary), expected: wanted },
  );
}

/** Throws if a job matches. */
export function findNone(jobs: readonly Job[], type: string, wanted: ExpectedJob): void {
  const expectation = new Expectation(type, wanted);
  const found = matching(jobs, type, expectation);
  if (found.length === 0) return;
  throw new AssertionError(
    "ENQUEUED",
    `Expected no job ${expectation}, but ${found.length} ${wasOrWere(found)} enqueued:\n` +
      list(found.map(describe)),
    { actual: found.map(summary), expected: [] },
  );
}

function matching(jobs: readonly Job[], type: string, expectation: Expectation): Job[] {
  return jobs.filter((job) => job.type === type && expectation.differences(job).length === 0);
}

/** Describes the jobs that exist, the most similar first. */
function describeOthers(jobs: readonly Job[], type: string, expectation: Expectation): string {
  const alike = jobs.filter((job) => job.type === type)
    .map((job) => ({ job, differences: expectation.differences(job) }))
    .sort((a, b) => a.differences.length - b.differences.length);
  if (alike.length > 0) {
    return "Jobs of this type:\n" +
      list(
        alike.map(({ job, differences }) =>
          `${describe(job)}: ${differences.length === 0 ? "as expected" : differences.join("; ")}`
        ),
      );
  }
  if (jobs.length === 0) return "No job was enqueued.";
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(job.type, (counts.get(job.type) ?? 0) + 1);
  return "No job of this type was enqueued. Jobs of other types:\n" +
    list([...counts].map(([name, count]) => `${showJson(name)}: ${count}`));
}

function describe({ args, queue, at }: Job): string {
  const time = at === undefined ? "" : `, at ${at.toISOString()}`;
  return `args ${showJson(args)}, queue ${showJson(queue)}${time}`;
}

function summary({ type, args, queue, at, retry, custom }: Job): unknown {
  return { type, args, queue, at, retry, custom };
}

function wasOrWere(items: readonly unknown[]): string {
  return items.length === 1 ? "was" : "were";
}

function list(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_LISTED).map((line) => `  - ${line}`);
  const left = lines.length - shown.length;
  return [...shown, ...left > 0 ? [`  - and ${left} more`] : []].join("\n");
}
