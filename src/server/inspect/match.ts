import { marshalText } from "../go/encode.ts";
import { textOf } from "../go/text.ts";
import type { Payload } from "../payload.ts";
import { readStored, type StoredJob } from "../stored_job.ts";
import { type JobHeader, readJobHeader } from "./job_header.ts";
import type { SetSelection } from "../../inspect/types.ts";

/** The conditions that a job must meet. */
export type Filter = Pick<SetSelection, "jids" | "type" | "queue" | "error" | "text">;

/** Bytes of large arguments that are searched. */
const SEARCHED = 64 * 1024;

/** Compiles a filter. Returns `undefined` if it has no conditions. */
export function matcher(filter: Filter): ((payload: Payload) => boolean) | undefined {
  const { jids, type, queue, error, text } = filter;
  // Searching the JSON for these texts is cheap and excludes most jobs. A match may lie in the
  // arguments, so the job is then read and checked.
  const substrings: string[] = [];
  const checks: ((header: JobHeader) => boolean)[] = [];
  if (type !== undefined) {
    substrings.push(`"jobtype":${marshalText(type)}`);
    checks.push((header) => header.type === type);
  }
  if (queue !== undefined) {
    substrings.push(`"queue":${marshalText(queue)}`);
    checks.push((header) => header.queue === queue);
  }
  if (jids !== undefined) {
    const wanted = new Set(jids);
    if (jids.length === 1) substrings.push(`"jid":${marshalText(jids[0]!)}`);
    checks.push(({ jid }) => wanted.has(jid));
  }
  const patterns: RegExp[] = [];
  let hasError: ((job: StoredJob) => boolean) | undefined;
  if (error !== undefined) {
    const pattern = containing(error);
    substrings.push('"failure":{');
    patterns.push(containing(marshalText(error).slice(1, -1)));
    hasError = ({ failure }) =>
      failure !== undefined && (pattern.test(failure.message) || pattern.test(failure.errtype));
  }
  if (text !== undefined) patterns.push(containing(marshalText(text).slice(1, -1)));
  if (substrings.length + patterns.length + checks.length === 0) return undefined;
  return (payload) => {
    const json = searchable(payload);
    if (!substrings.every((substring) => json.includes(substring))) return false;
    if (!patterns.every((pattern) => pattern.test(json))) return false;
    if (checks.length > 0) {
      const header = readJobHeader(payload);
      if (!checks.every((check) => check(header))) return false;
    }
    return hasError === undefined || hasError(readStored(payload));
  };
}

function searchable(payload: Payload): string {
  if (typeof payload === "string") return payload;
  return payload.head + textOf(payload.args.bytes.subarray(0, SEARCHED)) + payload.tail;
}

function containing(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
}
