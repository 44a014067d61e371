import { DEFAULT_RETRY, type EncodedJob, encodeJob } from "./encode.ts";
import { type Job, type JobFailure, wireOf } from "./job.ts";
import { membersOf } from "./members.ts";

/** What a job that is enqueued again has otherwise than before. */
export interface RequeueOptions {
  /** PUSH keeps it, so retries go on to be counted. @default that of the job */
  readonly failure?: JobFailure | undefined;
  /** Keys of its `custom`, over those that it has. @default none */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
  /** @default that of the job */
  readonly queue?: string | undefined;
}

/**
 * A job that was fetched, as PUSH takes it, to be run again at `at` under its own jid. Everything
 * else is sent as the server sent it, byte for byte, whatever a handler has done to the job since.
 */
export function encodeRequeuedJob(
  job: Job,
  at: Date | undefined,
  { failure, custom, queue }: RequeueOptions = {},
): EncodedJob {
  const members = membersOf(wireOf(job) ?? encodeJob(job).json);
  // The server sets both itself.
  members.delete("at");
  members.delete("enqueued_at");
  // A job that does not say how often it is retried gets what the last job that did has said.
  if ((members.get("retry") ?? "null") === "null") members.set("retry", `${DEFAULT_RETRY}`);
  if (at !== undefined) members.set("at", `"${at.toISOString()}"`);
  if (custom !== undefined) members.set("custom", withKeys(members.get("custom"), custom));
  if (queue !== undefined) members.set("queue", JSON.stringify(queue));
  if (failure !== undefined) members.set("failure", failureText(failure));
  const all = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  // A command is one line; line breaks in JSON are only between its parts.
  return {
    jid: JSON.parse(members.get("jid")!),
    json: `{${all.join()}}`.replaceAll(/[\r\n]/g, " "),
  };
}

/**
 * The text of an object with these keys, over those that it has; what it keeps is kept byte for
 * byte.
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
