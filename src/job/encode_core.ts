import { type FaktoryErrorCode, InvalidJobError } from "../errors.ts";
import { kindOf, showValue } from "../internal/show.ts";
import { dateText } from "./date_text.ts";
import { invalid, invalidProperty } from "./invalid.ts";
import { createJid } from "./jid.ts";
import { faultOf, Job, type JobFields, type JobInput, unknownProperty } from "./job.ts";
import { arrayText, JsonFault, objectText, quote } from "./json.ts";
import { DEFAULT_QUEUE, queueNameFault } from "./queue_name.ts";
import { expandShorthands, hasShorthands } from "./shorthands.ts";
import { MAX_JOB_BYTES } from "./size.ts";

/** A job, encoded for PUSH and PUSHB. */
export interface EncodedJob {
  /** The job's id; a new one if the job had none. */
  readonly jid: string;
  /** The job as JSON on one line. */
  readonly json: string;
}

const MAX_RETRY = 2 ** 31 - 1;

/**
 * Number of retries of a job that does not set `retry`. Every job is sent with a number: if one is
 * missing, the reference server (1.10.0) uses the number of the job before it. If that is 0, the
 * job is lost at its first failure.
 */
export const DEFAULT_RETRY = 25;

const MIN_RESERVE_SECONDS = 60;
const MAX_RESERVE_SECONDS = 86_400;
const MIN_JID_BYTES = 8;

/**
 * Checks a job and encodes it. `encodeJob` does the same and suggests names in its
 * errors, which takes too much code for small bundles.
 *
 * @throws {InvalidJobError} if the server would refuse the job or silently change it.
 */
export function encodeCore(input: JobInput): EncodedJob {
  try {
    return encode(input);
  } catch (error) {
    if (error instanceof InvalidJobError) throw error;
    // A getter or a proxy threw.
    throw invalid("INVALID_JOB", "", "it cannot be read", error);
  }
}

function encode(input: JobInput): EncodedJob {
  checkShape(input);
  const { jid, type, args, queue, retry, reserveFor, backtrace, createdAt } = input;
  // A `Job` has replaced them in its constructor.
  const { at, custom } = hasShorthands(input as JobFields) ? expandShorthands(input) : input;

  const id = jid === undefined ? createJid() : jid;
  let json = (jid === undefined ? `{"jid":"${id}"` : `{"jid":${jidText(id)}`) + typePart(type) +
    (args === undefined ? "[]" : argsText(args)) + queuePart(queue, retry);
  if (at !== undefined) json += `,"at":"${dateText(at, "at")}"`;
  if (reserveFor !== undefined) json += `,"reserve_for":${reserveText(reserveFor)}`;
  if (backtrace !== undefined) json += `,"backtrace":${backtraceText(backtrace)}`;
  if (custom !== undefined) {
    const text = customText(custom);
    if (text !== "{}") json += `,"custom":${text}`;
  }
  const created = createdAt === undefined
    ? nowPart()
    : createdPart(dateText(createdAt, "createdAt", "INVALID_JOB"));
  json += created;
  // One UTF-16 unit takes at most three bytes of UTF-8.
  if (json.length > MAX_JOB_BYTES / 3) checkSize(json);
  return { jid: id, json };
}

function checkSize(json: string): void {
  const bytes = new TextEncoder().encode(json).length;
  if (bytes <= MAX_JOB_BYTES) return;
  throw invalid(
    "JOB_TOO_LARGE",
    "",
    `it takes ${bytes} bytes as JSON, more than ${MAX_JOB_BYTES}: store its data elsewhere`,
  );
}

function checkShape(input: unknown): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("INVALID_JOB", "", `it is not an object: got ${showValue(input)}`);
  }
  const fault = input instanceof Job ? faultOf(input) : unknownProperty(input);
  if (fault === undefined) return;
  if (typeof fault !== "string") throw fault;
  throw invalid(
    "INVALID_JOB",
    fault,
    `${
      showValue(fault)
    } is not a property of a job, and the server would drop it: put it into "custom"`,
  );
}

function jidText(jid: unknown): string {
  if (typeof jid !== "string") throw invalidProperty("jid", "a string", jid);
  // One UTF-16 unit takes at least one byte.
  if (jid.length < MIN_JID_BYTES && new TextEncoder().encode(jid).length < MIN_JID_BYTES) {
    throw invalidProperty("jid", `${MIN_JID_BYTES} bytes or longer`, jid);
  }
  return wellFormed(jid, "jid");
}

function typeText(type: unknown): string {
  if (typeof type !== "string" || type === "") {
    throw invalidProperty("type", "a non-empty string", type);
  }
  return wellFormed(type, "type");
}

function wellFormed(text: string, path: string): string {
  try {
    return quote(text);
  } catch {
    throw invalidProperty(path, "well-formed text", text);
  }
}

function argsText(args: unknown): string {
  if (!Array.isArray(args)) {
    throw invalid("INVALID_ARGS", "args", `its args are not an array: got ${payloadKind(args)}`);
  }
  try {
    return arrayText(args);
  } catch (error) {
    throw unencodable(error, "INVALID_ARGS", "args");
  }
}

function customText(custom: unknown): string {
  if (!isPlainObject(custom)) {
    throw invalid(
      "INVALID_CUSTOM",
      "custom",
      `its custom is not a plain object: got ${payloadKind(custom)}`,
    );
  }
  try {
    return objectText(custom);
  } catch (error) {
    throw unencodable(error, "INVALID_CUSTOM", "custom");
  }
}

/** Returns true if the value is an object without contents other than its own properties. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // A plain object of another realm has that realm's `Object.prototype`, whose prototype is null.
  return prototype === null || prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null;
}

// Most jobs have the type and queue of the job before, and are created in the same millisecond, so
// the text of each part is reused. Fewer pieces of text also mean less garbage: with half as many,
// a batch of a thousand jobs takes a fifth less CPU time.

let lastType: unknown = NaN;
let lastTypePart = "";

function typePart(type: unknown): string {
  if (type !== lastType) {
    lastTypePart = `,"jobtype":${typeText(type)},"args":`;
    lastType = type;
  }
  return lastTypePart;
}

let [lastQueue, lastRetry]: readonly unknown[] = [NaN, NaN];
let lastQueuePart = "";

function queuePart(queue: unknown, retry: unknown): string {
  if (queue !== lastQueue || retry !== lastRetry) {
    const queueName = queue === undefined ? DEFAULT_QUEUE : queueText(queue);
    const retries = retry === undefined ? DEFAULT_RETRY : retryText(retry);
    lastQueuePart = `,"queue":"${queueName}","retry":${retries}`;
    [lastQueue, lastRetry] = [queue, retry];
  }
  return lastQueuePart;
}

let lastNow = NaN;
let lastNowPart = "";

function nowPart(): string {
  const now = Date.now();
  if (now !== lastNow) {
    lastNowPart = createdPart(new Date(now).toISOString());
    lastNow = now;
  }
  return lastNowPart;
}

function createdPart(text: string): string {
  return `,"created_at":"${text}"}`;
}

function queueText(queue: unknown): string {
  const fault = queueNameFault(queue);
  if (fault !== undefined) throw invalid("INVALID_QUEUE", "queue", `its queue name ${fault}`);
  return queue as string;
}

function retryText(retry: unknown): string {
  if (!isIntegerIn(retry, -1, MAX_RETRY)) {
    throw invalidProperty("retry", `an integer from -1 to ${MAX_RETRY}`, retry);
  }
  return `${retry}`;
}

function reserveText(seconds: unknown): string {
  if (!isIntegerIn(seconds, MIN_RESERVE_SECONDS, MAX_RESERVE_SECONDS)) {
    const what = `an integer of seconds from ${MIN_RESERVE_SECONDS} to ${MAX_RESERVE_SECONDS}`;
    throw invalidProperty("reserveFor", what, seconds, "INVALID_RESERVE_FOR");
  }
  return `${seconds}`;
}

function backtraceText(lines: unknown): string {
  if (!isIntegerIn(lines, 0, Number.MAX_SAFE_INTEGER)) {
    throw invalidProperty("backtrace", "an integer of 0 or more lines", lines);
  }
  return `${lines}`;
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Returns the kind of a payload. Errors never contain the values of a payload. */
function payloadKind(payload: unknown): string {
  if (payload === null || payload === undefined) return String(payload);
  return typeof payload === "object" ? kindOf(payload) : `a ${typeof payload}`;
}

function unencodable(error: unknown, code: FaktoryErrorCode, root: string): InvalidJobError {
  if (!(error instanceof JsonFault)) {
    return invalid(code, root, `its ${root} cannot be read`, error);
  }
  const path = error.path(root);
  return invalid(
    code,
    path,
    `${path} is ${error.reason}, which JSON or the server cannot represent`,
    error.cause,
  );
}
