import { DEFAULT_RETRY, type EncodedJob, encodeJob } from "./encode.ts";
import { type Job, type JobFailure, serverJsonOf } from "./job.ts";
import { membersOf } from "./members.ts";

/** Changes to a job that is requeued. */
export interface RequeueOptions {
  /** The job's last failure, which the server keeps to count retries. @default the job's own */
  readonly failure?: JobFailure | undefined;
  /** Keys to set in its `custom`. @default none */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
  /** @default the job's own */
  readonly queue?: string | undefined;
}

/**
 * Encodes a fetched job for PUSH, to run again at `at` under the same jid. All other members are
 * sent byte for byte as the server sent them, even if a handler has changed the job.
 */
export function encodeRequeuedJob(
  job: Job,
  at: Date | undefined,
  { failure, custom, queue }: RequeueOptions = {},
): EncodedJob {
  const members = membersOf(serverJsonOf(job) ?? encodeJob(job).json);
  // The server sets both.
  members.delete("at");
  members.delete("enqueued_at");
  // Without a number of retries, the server would use that of another job: see `DEFAULT_RETRY`.
  if ((members.get("retry") ?? "null") === "null") members.set("retry", `${DEFAULT_RETRY}`);
  if (at !== undefined) members.set("at", `"${at.toISOString()}"`);
  if (custom !== undefined) members.set("custom", withKeys(members.get("custom"), custom));
  if (queue !== undefined) members.set("queue", JSON.stringify(queue));
  if (failure !== undefined) members.set("failure", failureText(failure));
  const all = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  // A command is one line. In JSON, line breaks can only be between tokens.
  return {
    jid: JSON.parse(members.get("jid")!),
    json: `{${all.join()}}`.replaceAll(/[\r\n]/g, " "),
  };
}

/**
 * Returns the JSON of an object with these keys set. Other members stay byte for byte as they are.
 */
function withKeys(object: string | undefined, keys: Readonly<Record<string, unknown>>): string {
  const members = object === undefined || object === "null" ? new Map() : membersOf(object);
  for (const [name, value] of Object.entries(keys)) members.set(name, JSON.stringify(value));
  const all = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${all.join()}}`;
}

function failureText(failure: JobFailure): string {
  return JSON.stringify({
    retry_count: failure.retryCount,
    remaining: failure.remaining,
    failed_at: failure.failedAt?.toISOString(),
    next_at: failure.nextAt?.toISOString(),
    message: failure.message,
    errtype: failure.type,
    backtrace: failure.backtrace,
  });
}
