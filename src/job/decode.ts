import { ProtocolError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { type FetchedJobOptions, FROM_SERVER, Job, type JobFailure } from "./job.ts";
import { DEFAULT_QUEUE } from "./queue_name.ts";
import { parseTimestamp } from "./timestamp.ts";

/**
 * A job as the server sends it. Any client may have pushed it, so every property has to be checked.
 */
interface WireJob {
  readonly jid?: unknown;
  readonly jobtype?: unknown;
  readonly args?: unknown;
  readonly queue?: unknown;
  readonly retry?: unknown;
  readonly at?: unknown;
  readonly reserve_for?: unknown;
  readonly backtrace?: unknown;
  readonly custom?: unknown;
  readonly created_at?: unknown;
  readonly enqueued_at?: unknown;
  readonly failure?: unknown;
}

interface WireFailure {
  readonly failed_at?: unknown;
  readonly next_at?: unknown;
  readonly message?: unknown;
  readonly errtype?: unknown;
  readonly backtrace?: unknown;
  readonly retry_count?: unknown;
  readonly remaining?: unknown;
}

/**
 * Decodes the job in the reply to FETCH. Only jid, type and arguments must be valid. A job with
 * other invalid properties can still be run.
 *
 * @throws {ProtocolError} `PROTOCOL_VIOLATION` if the text is not a job.
 */
export function decodeJob(json: string): Job {
  const wire = parseObject(json);
  const { jid, jobtype, args } = wire;
  if (typeof jid !== "string" || jid === "") throw notAJob(`its jid is ${kind(jid)}`);
  if (typeof jobtype !== "string" || jobtype === "") {
    throw notAJob(`the jobtype of job ${showValue(jid)} is ${kind(jobtype)}`);
  }
  if (!Array.isArray(args)) throw notAJob(`the args of job ${showValue(jid)} are ${kind(args)}`);

  const options: FetchedJobOptions = {
    jid,
    queue: text(wire.queue) ?? DEFAULT_QUEUE,
    retry: integer(wire.retry),
    at: parseTimestamp(wire.at),
    reserveFor: integer(wire.reserve_for),
    backtrace: integer(wire.backtrace),
    custom: isObject(wire.custom) ? wire.custom : undefined,
    createdAt: parseTimestamp(wire.created_at),
    enqueuedAt: parseTimestamp(wire.enqueued_at),
    failure: isObject(wire.failure) ? decodeFailure(wire.failure) : undefined,
    [FROM_SERVER]: json,
  };
  return new Job<unknown[]>(jobtype, args, options);
}

function parseObject(json: string): WireJob {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own error would quote the payload.
    throw notAJob(`it is not JSON (${json.length} characters)`);
  }
  if (!isObject(value)) throw notAJob(`it is ${kind(value)}`);
  return value;
}

function decodeFailure(wire: WireFailure): JobFailure {
  const { backtrace } = wire;
  return {
    failedAt: parseTimestamp(wire.failed_at),
    nextAt: parseTimestamp(wire.next_at),
    message: text(wire.message),
    type: text(wire.errtype),
    backtrace: Array.isArray(backtrace)
      ? backtrace.filter((line) => typeof line === "string")
      : undefined,
    retryCount: integer(wire.retry_count) ?? 0,
    remaining: integer(wire.remaining) ?? 0,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function integer(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? value as number : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Describes the kind of a value without showing it. */
function kind(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || value === "") return value === null ? "null" : "empty";
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

function notAJob(reason: string): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_VIOLATION",
    `Cannot read the server's reply as a job as ${reason}`,
  );
}
