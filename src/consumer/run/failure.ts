import { isError } from "../../internal/kinds.ts";
import { DEFAULT_RETRY } from "../../job/encode.ts";
import type { Job, JobFailure } from "../../job/job.ts";
import type { FailureReport } from "../../protocol/commands/jobs.ts";
import { asOutcome, outcomeKind } from "../outcome.ts";

/** Characters of a message that are sent. The server keeps 1000 bytes. */
const MAX_MESSAGE = 1000;

/**
 * What FAIL says about whatever a handler threw. The job's own `backtrace` is how many lines of the
 * stack are sent.
 */
export function describeFailure(
  { jid, job }: { readonly jid: string; readonly job: Pick<Job, "backtrace"> },
  error: unknown,
): FailureReport {
  try {
    const lines = job.backtrace ?? 0;
    const outcome = asOutcome(error);
    // The cause is what went wrong; the outcome has the words for it.
    const { cause = error } = outcome ?? {};
    const report = isError(cause) ? ofError(cause, lines) : ofValue(cause);
    return { jid, ...report, ...outcome && { message: text(outcome.message) || report.message } };
  } catch {
    // A getter that throws, a revoked proxy, or a value that cannot become a text.
    return { jid, type: "unknown", message: "the error cannot be read", backtrace: [] };
  }
}

/**
 * What becomes of a job that failed: it is retried, kept among the dead, or dropped without a
 * trace.
 */
export type AfterFailure = "retry" | "dead" | "dropped";

/**
 * What becomes of a job after a run that threw or gave this; `undefined` if it did not fail. Never
 * throws.
 */
export function afterFailure(job: Job, error: unknown): AfterFailure | undefined {
  const kind = outcomeKind(error);
  if (kind === "discard" || kind === "snooze") return undefined;
  if (job.retry === 0) return "dropped";
  return kind !== "kill" && isRetried(job) ? "retry" : "dead";
}

/** The server's delay before the retry that follows, in seconds: the mean of what it draws. */
export function serverDelay({ failure }: Job): number {
  const retry = nextRetry(failure);
  return retry ** 4 + 15 + 14.5 * (retry + 1);
}

/** What the server would keep of a job that failed, as it counts, without the times. */
export function nextFailure(
  { retry = DEFAULT_RETRY, failure: before }: Job,
  { type, message, backtrace }: FailureReport,
): JobFailure {
  const retryCount = nextRetry(before);
  const remaining = before === undefined ? retry : Math.max(before.remaining - 1, 0);
  return { failedAt: undefined, retryCount, remaining, type, message, backtrace };
}

/**
 * Whether the server retries the job after a FAIL: with no retry left it would be dead, or gone.
 */
export function isRetried({ retry = DEFAULT_RETRY, failure }: Job): boolean {
  return nextRetry(failure) < retry;
}

/** Which attempt at the job this is: 1 the first time, 2 at its first retry. */
export function attemptOf({ failure }: Job): number {
  return nextRetry(failure) + 1;
}

/**
 * Which retry follows, from 0. The server uses this number, not `remaining`, which counts one too
 * many.
 */
function nextRetry(before: JobFailure | undefined): number {
  return before === undefined ? 0 : before.retryCount + 1;
}

function ofError(error: Error, lines: number): Omit<FailureReport, "jid"> {
  return {
    type: text(error.name) || "Error",
    message: text(error.message) || text(error.name),
    backtrace: lines > 0 ? frames(error).slice(0, lines) : [],
  };
}

function ofValue(value: unknown): Omit<FailureReport, "jid"> {
  return { type: value === null ? "null" : typeof value, message: text(value), backtrace: [] };
}

function text(value: unknown): string {
  return String(value).slice(0, MAX_MESSAGE).toWellFormed();
}

/** The lines of the stack, without the message that some runtimes put before them. */
export function frames({ stack }: Error): string[] {
  const lines = String(stack ?? "").split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => /^at\s/.test(line) || /@.*:\d+:\d+$/.test(line));
  return first < 0 ? [] : lines.slice(first).filter((line) => line !== "");
}
