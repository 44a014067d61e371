import { InvalidJobError } from "../errors.ts";
import { kindOf, showValue } from "../internal/show.ts";
import { createJid } from "./jid.ts";
import { Job, type JobInput, unknownOption, unknownProperty } from "./job.ts";
import { arrayText, JsonFault, objectText, quote } from "./json.ts";
import { DEFAULT_QUEUE, queueNameFault } from "./queue_name.ts";
import { MAX_JOB_BYTES } from "./size.ts";

/** A job as PUSHB takes it. */
export interface EncodedJob {
  /** The job's id, made up where it had none. */
  readonly jid: string;
  /** The job as JSON on one line. */
  readonly json: string;
}

const MAX_RETRY = 2 ** 31 - 1;

/**
 * Retries of a job that does not say. Said in every job: the reference server (1.10.0) gives a job that says nothing what the last job that did has said, 0 included,
 * which would lose it at its first failure.
 */
export const DEFAULT_RETRY = 25;

const MIN_RESERVE_SECONDS = 60;
const MAX_RESERVE_SECONDS = 86_400;
const MIN_JID_BYTES = 8;

/**
 * Checks a job whole and gives it as PUSHB takes it.
 *
 * @throws {InvalidJobError} where the server would refuse it or silently change it.
 */
export function encodeJob(input: JobInput): EncodedJob {
  try {
    return encode(input);
  } catch (error) {
    if (error instanceof InvalidJobError) throw error;
    // A getter or a proxy.
    throw invalid("INVALID_JOB", "", "it cannot be read", error);
  }
}

function encode(input: JobInput): EncodedJob {
  checkShape(input);
  const { jid, type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt } = input;

  const id = jid === undefined ? createJid() : jid;
  let json = (jid === undefined ? `{"jid":"${id}"` : `{"jid":${jidText(id)}`) + typePart(type) +
    (args === undefined ? "[]" : argsText(args)) + queuePart(queue, retry);
  if (at !== undefined) json += `,"at":"${dateText(at, "at", "INVALID_AT")}"`;
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
  // A UTF-16 unit takes three bytes of UTF-8 at most.
  if (json.length > MAX_JOB_BYTES / 3) checkSize(json);
  return { jid: id, json };
}

function checkSize(json: string): void {
  const bytes = new TextEncoder().encode(json).length;
  if (bytes <= MAX_JOB_BYTES) return;
  throw invalid(
    "JOB_TOO_LARGE",
    "",
    `it takes ${bytes} bytes as JSON, and no more than ${MAX_JOB_BYTES} can be fetched again: ` +
      "store its data elsewhere, and enqueue where it is",
  );
}

function checkShape(input: unknown): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("INVALID_JOB", "", `it is not an object: got ${showValue(input)}`);
  }
  const unknown = input instanceof Job ? unknownOption(input) : unknownProperty(input);
  if (unknown === undefined) return;
  const shown = showValue(unknown);
  const meant = LIKELY_NAMES.get(unknown.toLowerCase().replaceAll(/[-_]/g, ""));
  throw invalid(
    "INVALID_JOB",
    unknown,
    meant === undefined
      ? `${shown} is no property of a job, and the server would drop it: put it into "custom"`
      : `${shown} is no property of a job: did you mean "${meant}"?`,
  );
}

/** What people write for a property's name, without case and separators. */
const LIKELY_NAMES: ReadonlyMap<string, string> = new Map([
  ["id", "jid"],
  ["jobid", "jid"],
  ["jobtype", "type"],
  ["kind", "type"],
  ["name", "type"],
  ["arguments", "args"],
  ["retries", "retry"],
  ["runat", "at"],
  ["reservefor", "reserveFor"],
  ["createdat", "createdAt"],
]);

function jidText(jid: unknown): string {
  if (typeof jid !== "string") {
    throw invalid("INVALID_JID", "jid", `its jid is not a string: got ${showValue(jid)}`);
  }
  // A UTF-16 unit never takes less than a byte.
  if (jid.length < MIN_JID_BYTES && new TextEncoder().encode(jid).length < MIN_JID_BYTES) {
    throw invalid(
      "INVALID_JID",
      "jid",
      `its jid is shorter than ${MIN_JID_BYTES} bytes: got ${showValue(jid)}`,
    );
  }
  return wellFormed(jid, "INVALID_JID", "jid");
}

function typeText(type: unknown): string {
  if (typeof type !== "string") {
    throw invalid("INVALID_TYPE", "type", `its type is not a string: got ${showValue(type)}`);
  }
  if (type === "") throw invalid("INVALID_TYPE", "type", `its type is empty: got ""`);
  return wellFormed(type, "INVALID_TYPE", "type");
}

function wellFormed(text: string, code: string, path: string): string {
  try {
    return quote(text);
  } catch {
    throw invalid(code, path, `its ${path} is ill-formed text: got ${showValue(text)}`);
  }
}

function argsText(args: unknown): string {
  if (!Array.isArray(args)) {
    throw invalid("INVALID_ARGS", "args", `its args are not an array: got ${shown(args)}`);
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
      `its custom is not a plain object: got ${shown(custom)}`,
    );
  }
  try {
    return objectText(custom);
  } catch (error) {
    throw unencodable(error, "INVALID_CUSTOM", "custom");
  }
}

/** Whether it is an object that JSON holds as it is. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // Plain objects of another realm have a prototype of their own, at the end of its chain too.
  return prototype === null || prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null;
}

// Most jobs are of the type of the one before, go where it went, and are of its millisecond. Their texts are put together of
// few pieces, as each has to be kept and collected: with half as many, a batch of a thousand takes a fifth less CPU time.

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
    throw invalid(
      "INVALID_RETRY",
      "retry",
      `its retry is not an integer from -1 to ${MAX_RETRY}: got ${showValue(retry)}`,
    );
  }
  return `${retry}`;
}

function reserveText(seconds: unknown): string {
  if (!isIntegerIn(seconds, MIN_RESERVE_SECONDS, MAX_RESERVE_SECONDS)) {
    throw invalid(
      "INVALID_RESERVE_FOR",
      "reserveFor",
      `its reserveFor is not an integer of seconds from ${MIN_RESERVE_SECONDS} to ` +
        `${MAX_RESERVE_SECONDS}: got ${showValue(seconds)}`,
    );
  }
  return `${seconds}`;
}

function backtraceText(lines: unknown): string {
  if (!isIntegerIn(lines, 0, Number.MAX_SAFE_INTEGER)) {
    throw invalid(
      "INVALID_BACKTRACE",
      "backtrace",
      `its backtrace is not an integer of 0 or more lines: got ${showValue(lines)}`,
    );
  }
  return `${lines}`;
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function dateText(date: unknown, path: string, code: string): string {
  if (Object.prototype.toString.call(date) !== "[object Date]") {
    throw invalid(code, path, `its ${path} is not a Date: got ${showValue(date)}`);
  }
  if (Number.isNaN((date as Date).getTime())) {
    throw invalid(code, path, `its ${path} is an invalid Date`);
  }
  const text = (date as Date).toISOString();
  // Years beyond four digits make longer texts, which are not RFC 3339.
  if (text.length !== 24) {
    throw invalid(code, path, `its ${path} is outside the years 0 to 9999: got ${text}`);
  }
  return text;
}

/** A payload's values stay out of errors: only its kind is told. */
function shown(payload: unknown): string {
  if (payload === null || payload === undefined) return String(payload);
  return typeof payload === "object" ? kindOf(payload) : `a ${typeof payload}`;
}

function unencodable(error: unknown, code: string, root: string): InvalidJobError {
  if (!(error instanceof JsonFault)) {
    return invalid(code, root, `its ${root} cannot be read`, error);
  }
  const path = error.path(root);
  return invalid(
    code,
    path,
    `${path} is ${error.reason}, and JSON or the server cannot hold that`,
    error.cause,
  );
}

function invalid(code: string, path: string, reason: string, cause?: unknown): InvalidJobError {
  return new InvalidJobError(code, `Cannot enqueue job as ${reason}`, { path, cause });
}
