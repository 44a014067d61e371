import { type FaktoryErrorCode, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import { NdjsonError } from "./error.ts";

/** The protocol's names for properties that have other names here. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["jobtype", "type"],
  ["reserve_for", "reserveFor"],
  ["created_at", "createdAt"],
  ["enqueued_at", "enqueuedAt"],
]);

/** Properties that only the server sets. */
const SERVER_PROPERTIES: ReadonlySet<string> = new Set(["enqueuedAt", "failure"]);

const TIMES: ReadonlySet<string> = new Set(["at", "createdAt"]);

/** Converts the lines of one source to jobs. */
export class JobLineReader {
  readonly #maxLength: number;
  #line = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The number of the last line, from 1. */
  get line(): number {
    return this.#line;
  }

  /**
   * Parses the next line. Returns `undefined` for a blank line.
   *
   * @throws {NdjsonError} if the line is not a valid job.
   */
  read(text: string): JobFields | undefined {
    this.#line++;
    if (text.length > this.#maxLength) {
      throw this.#error("LINE_TOO_LONG", `it is longer than ${this.#maxLength} characters`);
    }
    if (!text.isWellFormed()) throw this.#error("INVALID_UTF8", "it is not valid UTF-8");
    const json = this.#line === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
    // Most lines start with a brace and need no check for blanks.
    return json[0] !== "{" && json.trim() === "" ? undefined : this.#job(json);
  }

  #job(json: string): JobFields {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      // Omits the engine's message, which quotes the line.
      throw this.#error("INVALID_JSON", "it is not valid JSON");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#error("INVALID_LINE", `it is not an object: got ${kindOf(value)}`);
    }
    try {
      const job = fieldsOf(value) as unknown as JobFields;
      encodeJob(job);
      return job;
    } catch (cause) {
      const { message } = cause as InvalidJobError;
      const line = this.#line;
      const text = `Cannot read line ${line} as a job: ${message}`;
      throw new NdjsonError("INVALID_JOB", text, { line, cause });
    }
  }

  #error(code: FaktoryErrorCode, reason: string): NdjsonError {
    const line = this.#line;
    return new NdjsonError(code, `Cannot read line ${line} as a job as ${reason}`, { line });
  }
}

function fieldsOf(line: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(line)) {
    const name = NAMES.get(key) ?? key;
    if (Object.hasOwn(fields, name)) {
      throw invalid("INVALID_JOB", name, `it has "${name}" under two names`);
    }
    // Assigning it would not create a property, so it would not be rejected.
    if (name === "__proto__") {
      throw invalid("INVALID_JOB", name, `"${name}" is not a property of a job`);
    }
    if (!SERVER_PROPERTIES.has(name)) fields[name] = TIMES.has(name) ? timeOf(name, value) : value;
  }
  return fields;
}

function timeOf(name: string, value: unknown): Date {
  const time = parseTimestamp(value);
  if (time !== undefined) return time;
  const code = name === "at" ? "INVALID_AT" : "INVALID_JOB";
  throw invalid(
    code,
    name,
    `its ${name} is not a time like "2030-01-31T12:00:00Z": got ${showValue(value)}`,
  );
}

function invalid(code: FaktoryErrorCode, path: string, reason: string): InvalidJobError {
  return new InvalidJobError(code, `Cannot enqueue job as ${reason}`, { path });
}

/** Names the kind of a value. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
