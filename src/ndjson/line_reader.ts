import { type FaktoryErrorCode, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import { NdjsonError } from "./error.ts";

/** The protocol's names of what is called otherwise here. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["jobtype", "type"],
  ["reserve_for", "reserveFor"],
  ["created_at", "createdAt"],
  ["enqueued_at", "enqueuedAt"],
]);

/** What only a server says of a job; it says so anew. */
const SERVERS: ReadonlySet<string> = new Set(["enqueuedAt", "failure"]);

const TIMES: ReadonlySet<string> = new Set(["at", "createdAt"]);

/** The lines of one source, in their order, to jobs. */
export class LineReader {
  readonly #maxLength: number;
  #line = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The number of the line that was read last, from 1. */
  get line(): number {
    return this.#line;
  }

  /**
   * The job of the next line; `undefined` where the line is empty or blank.
   *
   * @throws {NdjsonError} where the line is no job.
   */
  read(text: string): JobFields | undefined {
    this.#line++;
    if (text.length > this.#maxLength) {
      throw this.#error("LINE_TOO_LONG", `it is longer than ${this.#maxLength} characters`);
    }
    if (!text.isWellFormed()) throw this.#error("INVALID_UTF8", "it is no UTF-8");
    const json = this.#line === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
    // Most lines begin with what they are, and need not be looked through.
    return json[0] !== "{" && json.trim() === "" ? undefined : this.#job(json);
  }

  #job(json: string): JobFields {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      // Without the engine's words, which quote the line.
      throw this.#error("INVALID_JSON", "it is no JSON");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#error("INVALID_LINE", `it is no object: got ${kindOf(value)}`);
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

function fieldsOf(value: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(value)) {
    const name = NAMES.get(key) ?? key;
    if (Object.hasOwn(fields, name)) {
      throw invalid("INVALID_JOB", name, `it has "${name}" twice, by two names`);
    }
    // Assigned, it would be no property, and not be refused as one that no job has.
    if (name === "__proto__") throw invalid("INVALID_JOB", name, `no job has "${name}"`);
    if (!SERVERS.has(name)) fields[name] = TIMES.has(name) ? timeOf(name, given) : given;
  }
  return fields;
}

function timeOf(name: string, given: unknown): Date {
  const time = parseTimestamp(given);
  if (time !== undefined) return time;
  const code = name === "at" ? "INVALID_AT" : "INVALID_JOB";
  throw invalid(
    code,
    name,
    `its ${name} is no time as in "2030-01-31T12:00:00Z": got ${showValue(given)}`,
  );
}

function invalid(code: FaktoryErrorCode, path: string, reason: string): InvalidJobError {
  return new InvalidJobError(code, `Cannot enqueue job as ${reason}`, { path });
}

/** What a line's JSON is, by its kind alone. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
