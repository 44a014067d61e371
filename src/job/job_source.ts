import { type FaktoryError, InvalidArgumentError, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { createJid } from "./jid.ts";
import type { JobInput } from "./job.ts";

/** An iterable of jobs, synchronous or asynchronous. */
export type JobSource<Input extends JobInput = JobInput> = Iterable<Input> | AsyncIterable<Input>;

/** The result of `enqueueMany`. */
export interface EnqueueManyResult {
  /** Jids of the jobs that the server accepted. */
  readonly enqueued: string[];
  /**
   * The error of each job that was not accepted, by jid. An invalid job is not sent; its error has
   * a `path` such as `jobs[3].args[0]`.
   */
  readonly failed: Map<string, FaktoryError>;
}

/** Returns the error for a source that is not iterable. */
export function notIterable(source: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot enqueue jobs as they are not iterable: got ${showValue(source)}`,
  );
}

/** Returns the jid under which an invalid job is reported. */
export function reportedJid(input: unknown): string {
  const jid: unknown = (input as { jid?: unknown } | null | undefined)?.jid;
  return typeof jid === "string" ? jid : createJid();
}

/** Returns the error of an invalid job with the job's index in its path. */
export function withIndex(error: InvalidJobError, index: number): InvalidJobError {
  const { code, message, issues } = error;
  const path = `jobs[${index}]${error.path === "" ? "" : "."}${error.path}`;
  return new InvalidJobError(code, `${message} (${path})`, { path, issues, cause: error });
}
