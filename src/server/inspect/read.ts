import { decodeJob } from "../../job/decode.ts";
import { textOf } from "../go/text.ts";
import type { Payload } from "../payload.ts";
import { reservedMs } from "../reservation.ts";
import type { JobPlace, ServerJob } from "../../inspect/types.ts";

/** A stored job and its place. */
export interface LocatedJob {
  readonly payload: Payload;
  readonly place: JobPlace;
  /** In ms since 1970. */
  readonly at?: number | undefined;
  readonly worker?: string | undefined;
  /** True if the reservation has its original length. */
  readonly isAsReserved?: boolean;
}

/** Converts a stored job for a listing, with at most `maxArgs` characters of its arguments. */
export function serverJobOf(found: LocatedJob, maxArgs: number): ServerJob {
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

/** Returns the beginning of a text, without half a character at the end. */
function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).toWellFormed().replace(/\uFFFD+$/, "");
}
