import { decodeJob } from "../../job/decode.ts";
import { textOf } from "../go/text.ts";
import type { Payload } from "../payload.ts";
import { reservedMs } from "../reservation.ts";
import type { JobPlace, ServerJob } from "../../inspect/types.ts";

/** A stored job with where it is. */
export interface Found {
  readonly payload: Payload;
  readonly place: JobPlace;
  /** Milliseconds since 1970. */
  readonly at?: number | undefined;
  readonly worker?: string | undefined;
  /** Its reservation lasts as long as it was made for. */
  readonly isAsReserved?: boolean;
}

/** Reads a stored job for people: `maxArgs` characters of its arguments. */
export function readFound(found: Found, maxArgs: number): ServerJob {
  const { payload, place, at, worker, isAsReserved } = found;
  const isText = typeof payload === "string";
  const job = decodeJob(isText ? payload : payload.frame);
  const args = isText ? JSON.stringify(job.args) : textOf(payload.args.bytes.subarray(0, maxArgs));
  const { jid, type, queue, custom, retry, reserveFor, createdAt, enqueuedAt, failure } = job;
  const startedAt = at === undefined || isAsReserved !== true
    ? undefined
    : new Date(at - reservedMs({ reserve_for: reserveFor ?? 0 }));
  return {
    ...{ jid, type, queue, place, at: at === undefined ? undefined : new Date(at) },
    args: cut(args, maxArgs),
    argsLength: isText ? args.length : payload.args.bytes.length,
    ...{ custom, retry, reserveFor, createdAt, enqueuedAt, failure, startedAt, worker },
  };
}

/** The beginning of a text, with no half of a character at its end. */
function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).toWellFormed().replace(/\uFFFD+$/, "");
}
