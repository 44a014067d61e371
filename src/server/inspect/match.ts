import { marshalText } from "../go/encode.ts";
import { textOf } from "../go/text.ts";
import type { Payload } from "../payload.ts";
import { readStored, type StoredJob } from "../stored_job.ts";
import type { SetSelection } from "../../inspect/types.ts";

/** What jobs have to match. */
export type Filter = Pick<SetSelection, "jids" | "type" | "queue" | "error" | "text">;

/** Bytes of large arguments that are searched. */
const SEARCHED = 64 * 1024;

/** Makes a test of stored jobs; `undefined` if there is nothing to test. */
export function matcher(filter: Filter): ((payload: Payload) => boolean) | undefined {
  const { jids, type, queue, error, text } = filter;
  // What is looked for in the JSON as text costs little. What is found there may be part of the
  // arguments, so the job is read.
  const marks: string[] = [];
  const checks: ((job: StoredJob) => boolean)[] = [];
  if (type !== undefined) {
    marks.push(`"jobtype":${marshalText(type)}`);
    checks.push(({ jobtype }) => jobtype === type);
  }
  if (queue !== undefined) {
    marks.push(`"queue":${marshalText(queue)}`);
    checks.push((job) => job.queue === queue);
  }
  if (jids !== undefined) {
    const wanted = new Set(jids);
    if (jids.length === 1) marks.push(`"jid":${marshalText(jids[0]!)}`);
    checks.push(({ jid }) => wanted.has(jid));
  }
  const patterns: RegExp[] = [];
  if (error !== undefined) {
    const pattern = containing(error);
    marks.push('"failure":{');
    patterns.push(containing(marshalText(error).slice(1, -1)));
    checks.push(({ failure }) =>
      failure !== undefined && (pattern.test(failure.message) || pattern.test(failure.errtype))
    );
  }
  if (text !== undefined) patterns.push(containing(marshalText(text).slice(1, -1)));
  if (marks.length + patterns.length + checks.length === 0) return undefined;
  return (payload) => {
    const json = searchable(payload);
    if (!marks.every((mark) => json.includes(mark))) return false;
    if (!patterns.every((pattern) => pattern.test(json))) return false;
    if (checks.length === 0) return true;
    const job = readStored(payload);
    return checks.every((check) => check(job));
  };
}

function searchable(payload: Payload): string {
  if (typeof payload === "string") return payload;
  return payload.head + textOf(payload.args.bytes.subarray(0, SEARCHED)) + payload.tail;
}

function containing(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
}
