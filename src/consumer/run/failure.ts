import { isError } from "../../internal/kinds.ts";
import { DEFAULT_RETRY } from "../../job/encode.ts";
import type { Job, JobFailure } from "../../job/job.ts";
import type { FailureReport } from "../../protocol/commands/jobs.ts";
import { asOutcome, outcomeKind } from "../outcome.ts";

/** Longest message that is sent, in characters. The server keeps 1000 bytes. */
const MAX_MESSAGE = 1000;

/**
 * Returns the data of FAIL for a value that a handler threw. The job's `backtrace` is the number of
 * stack lines to send.
 */
export function describeFailure(
  { jid, job }: { readonly jid: string; readonly job: Pick<Job, "backtrace"> },
  error: unknown,
): FailureReport {
  try {
    const lines = job.backtrace ?? 0;
    const outcome = asOutcome(error);
    // The cause describes the failure; the message of the outcome takes precedence.
    const { cause = error } = outcome ?? {};
    const report = isError(cause) ? ofError(cause, lines) : ofValue(cause);
    return { jid, ...report, ...outcome && { message: text(outcome.message) || report.message } };
  } catch {
    // A getter threw, the value is a revoked proxy, or it cannot be converted to a string.
    return { jid, type: "unknown", message: "the error cannot be read", backtrace: [] };
  }
}

/** The next state of a failed job: it is retried, dead, or dropped without being kept. */
export type AfterFailure = "retry" | "dead" | "dropped";

/**
 * Returns the next state of a job whose handler threw or returned this value; `undefined` if the
 * job did not fail. Never throws.
 */
export function afterFailure(job: Job, error: unknown): AfterFailure | undefined {
  const kind = outcomeKind(error);
  if (kind === "discard" || kind === "snooze") return undefined;
  if (job.retry === 0) return "dropped";
  return kind !== "kill" && isRetried(job) ? "retry" : "dead";
}

/**
 * Returns the server's delay before the next retry, in seconds. The server draws it at random; this
 * is the mean.
 */
export function serverDelay({ failure }: Job): number {
  const retry = nextRetry(failure);
  return retry ** 4 + 15 + 14.5 * (retry + 1);
}

/**
 * Returns the failure that the server would store for a failed job, with its counts but without
 * times.
 */
export function nextFailure(
  { retry = DEFAULT_RETRY, failure: lastFailure }: Job,
  { type, message, backtrace }: FailureReport,
): JobFailure {
  const retryCount = nextRetry(lastFailure);
  const remaining = lastFailure === undefined ? retry : Math.max(lastFailure.remaining - 1, 0);
  return { failedAt: undefined, retryCount, remaining, type, message, backtrace };
}

/**
 * Returns true if the server retries the job after a FAIL. If no retry is left, the job is dead or
 * dropped.
 */
export function isRetried({ retry = DEFAULT_RETRY, failure }: Job): boolean {
  return nextRetry(failure) < retry;
}

/** Returns the number of this attempt: 1 for the first run, 2 for the first retry. */
export function attemptOf({ failure }: Job): number {
  return nextRetry(failure) + 1;
}

/**
 * Returns the number of the next retry, from 0. The server uses this number and not `remaining`,
 * which is one too high.
 */
function nextRetry(lastFailure: JobFailure | undefined): number {
  return lastFailure === undefined ? 0 : lastFailure.retryCount + 1;
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

/** Returns the lines of the stack, without the message that some runtimes put before them. */
export function frames({ stack }: Error): string[] {
  const lines = String(stack ?? "").split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => /^at\s/.test(line) || /@.*:\d+:\d+$/.test(line));
  return first < 0 ? [] : lines.slice(first).filter((line) => line !== "");
}
