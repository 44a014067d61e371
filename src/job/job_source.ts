import { type FaktoryError, InvalidArgumentError, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { createJid } from "./jid.ts";
import type { JobInput } from "./job.ts";

/** Whatever jobs can be taken from, one after the other. */
export type JobSource<Input extends JobInput = JobInput> = Iterable<Input> | AsyncIterable<Input>;

/** What became of many jobs. */
export interface EnqueueManyResult {
  /** Jids of the jobs that the server has. */
  readonly enqueued: string[];
  /**
   * Why each of the others was refused, by its jid; one that was not even sent as it is invalid has
   * a `path` like `jobs[3].args[0]`.
   */
  readonly failed: Map<string, FaktoryError>;
}

/** The error for a source that cannot be iterated. */
export function notIterable(source: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot enqueue jobs as they are not iterable: got ${showValue(source)}`,
  );
}

/** Under which jid a job that is invalid is reported. */
export function reportedJid(input: unknown): string {
  const jid: unknown = (input as { jid?: unknown } | null | undefined)?.jid;
  return typeof jid === "string" ? jid : createJid();
}

/** The error of an invalid job, which is the one at `index` of many. */
export function numbered(error: InvalidJobError, index: number): InvalidJobError {
  const { code, message, issues } = error;
  const path = `jobs[${index}]${error.path === "" ? "" : "."}${error.path}`;
  return new InvalidJobError(code, `${message} (${path})`, { path, issues, cause: error });
}
