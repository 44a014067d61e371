import { Reader } from "./go/reader.ts";
import { LargeJob, type Payload, RawJson } from "./payload.ts";
import { decode, type Integer, type StructType } from "./go/decode.ts";
import { marshal, marshalText } from "./go/encode.ts";

export { writeTime } from "./go/time.ts";

/** The last failure in a stored job. */
export interface StoredFailure {
  failed_at: string;
  next_at: string;
  message: string;
  errtype: string;
  backtrace: string[];
  retry_count: Integer;
  remaining: Integer;
}

/** A job in the form that the server stores. */
export interface StoredJob {
  retry: Integer;
  failure: StoredFailure | undefined;
  custom: Record<string, unknown> | undefined;
  jid: string;
  queue: string;
  jobtype: string;
  created_at: string;
  enqueued_at: string;
  at: string;
  args: unknown[] | RawJson | undefined;
  reserve_for: Integer;
  backtrace: Integer;
}

/** Retries of a job that does not set them. */
const DEFAULT_RETRY = 25;

const FAILURE: StructType = {
  name: "client.Failure",
  fields: {
    failed_at: "string",
    next_at: "string",
    message: "string",
    errtype: "string",
    backtrace: "[]string",
    retry_count: "int",
    remaining: "int",
  },
};

/** The job's fields and types, for the decoder. */
export const JOB: StructType = {
  name: "client.Job",
  fields: {
    retry: "int",
    failure: FAILURE,
    custom: "map[string]interface {}",
    jid: "string",
    queue: "string",
    jobtype: "string",
    created_at: "string",
    enqueued_at: "string",
    at: "string",
    args: "[]interface {}",
    reserve_for: "int",
    backtrace: "int",
  },
};

/** Parses a job from a client. */
export function readJob(json: string): StoredJob {
  return complete((decode(json, JOB) ?? {}) as Partial<StoredJob>);
}

/** Parses a stored job. */
export function readStored(payload: Payload): StoredJob {
  if (typeof payload === "string") return readJob(payload);
  return { ...readJob(payload.frame), args: payload.args };
}

/** Reads the fields that a reservation needs from a stored job, without parsing the rest. */
export function peekJob(
  payload: Payload,
): { readonly jid: string; readonly reserve_for: number } {
  const text = typeof payload === "string" ? payload : payload.frame;
  const reader = new Reader(text);
  reader.open();
  while (reader.key() !== "jid") {
    reader.skip();
    reader.more(false);
  }
  reader.kind();
  // No other bracket follows the arguments, and arguments are always present.
  const end = text.slice(text.lastIndexOf("]"));
  return {
    jid: reader.string(),
    reserve_for: Number(/^\],"reserve_for":(-?\d+)/.exec(end)?.[1] ?? 0),
  };
}

/** Parses the jobs of a PUSHB. */
export function readJobs(json: string): StoredJob[] {
  const jobs = (decode(json, { sliceOf: JOB }) ?? []) as Partial<StoredJob>[];
  return jobs.map(complete);
}

/** Adds the defaults to the fields that were read. */
export function complete(fields: Partial<StoredJob>): StoredJob {
  return {
    retry: fields.retry ?? DEFAULT_RETRY,
    failure: fields.failure === undefined ? undefined : completeFailure(fields.failure),
    custom: fields.custom,
    jid: fields.jid ?? "",
    queue: fields.queue ?? "",
    jobtype: fields.jobtype ?? "",
    created_at: fields.created_at ?? "",
    enqueued_at: fields.enqueued_at ?? "",
    at: fields.at ?? "",
    args: fields.args,
    reserve_for: fields.reserve_for ?? 0,
    backtrace: fields.backtrace ?? 0,
  };
}

function completeFailure(fields: Partial<StoredFailure>): StoredFailure {
  return {
    failed_at: fields.failed_at ?? "",
    next_at: fields.next_at ?? "",
    message: fields.message ?? "",
    errtype: fields.errtype ?? "",
    backtrace: fields.backtrace ?? [],
    retry_count: fields.retry_count ?? 0,
    remaining: fields.remaining ?? 0,
  };
}

/**
 * Writes a job in the form that the server stores and sends, with its fields in the order of the
 * reference server.
 */
export function writeJob(job: StoredJob): Payload {
  const { failure, custom, args } = job;
  let json = `{"retry":${job.retry}`;
  if (failure !== undefined) json += `,"failure":${writeFailure(failure)}`;
  if (custom !== undefined && Object.keys(custom).length > 0) {
    json += `,"custom":${marshal(custom)}`;
  }
  json += `,"jid":${marshalText(job.jid)},"queue":${marshalText(job.queue)}`;
  json += `,"jobtype":${marshalText(job.jobtype)}`;
  if (job.created_at !== "") json += `,"created_at":${marshalText(job.created_at)}`;
  if (job.enqueued_at !== "") json += `,"enqueued_at":${marshalText(job.enqueued_at)}`;
  if (job.at !== "") json += `,"at":${marshalText(job.at)}`;
  let end = "}";
  if (job.backtrace !== 0) end = `,"backtrace":${job.backtrace}}`;
  if (job.reserve_for !== 0) end = `,"reserve_for":${job.reserve_for}${end}`;
  return args instanceof RawJson
    ? new LargeJob(`${json},"args":`, args, end)
    : `${json},"args":${marshal(args ?? null)}${end}`;
}

function writeFailure(failure: StoredFailure): string {
  let json = `{"failed_at":${marshalText(failure.failed_at)}`;
  if (failure.next_at !== "") json += `,"next_at":${marshalText(failure.next_at)}`;
  if (failure.message !== "") json += `,"message":${marshalText(failure.message)}`;
  if (failure.errtype !== "") json += `,"errtype":${marshalText(failure.errtype)}`;
  if (failure.backtrace.length > 0) json += `,"backtrace":${marshal(failure.backtrace)}`;
  return `${json},"retry_count":${failure.retry_count},"remaining":${failure.remaining}}`;
}
