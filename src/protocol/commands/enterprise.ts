import { encodeJob } from "../../job/encode.ts";
import type { JobInput } from "../../job/job.ts";
import { type Command, parseObject, parseOk, parseText } from "./command.ts";

/** What BATCH NEW makes; one of the callbacks at least. */
export interface BatchDefinition<Input extends JobInput = JobInput> {
  /** What to call it. */
  readonly description?: string | undefined;
  /** The id of the batch that it is part of. */
  readonly parentBid?: string | undefined;
  /** Enqueued once every job of the batch has succeeded. */
  readonly success?: Input | undefined;
  /** Enqueued once every job of the batch has run. */
  readonly complete?: Input | undefined;
}

/** BATCH NEW: gives the batch's id. */
export function batchNew(definition: BatchDefinition): Command<string> {
  const { description, parentBid, success, complete } = definition;
  const payload = JSON.stringify({
    description,
    parent_bid: parentBid,
    success: callback(success),
    complete: callback(complete),
  });
  return { verb: "BATCH", payload: `NEW ${payload}`, resend: "once", parse: parseText };
}

function callback(job: JobInput | undefined): unknown {
  return job === undefined ? undefined : JSON.parse(encodeJob(job).json);
}

/** BATCH OPEN: lets more jobs into a batch; gives its id, or `OK`. */
export function batchOpen(bid: string): Command<string> {
  return { verb: "BATCH", payload: `OPEN ${bid}`, resend: "safe", parse: parseText };
}

/** BATCH COMMIT: no more jobs come, so the callbacks may fire. */
export function batchCommit(bid: string): Command<void> {
  return { verb: "BATCH", payload: `COMMIT ${bid}`, resend: "safe", parse: parseOk };
}

/** BATCH STATUS: how far a batch is, as the server gives it. */
export function batchStatus(bid: string): Command<Record<string, unknown>> {
  return { verb: "BATCH", payload: `STATUS ${bid}`, resend: "safe", parse: parseObject };
}

/** What TRACK SET tells of a job under way. */
export interface Progress {
  /** The job's id. */
  readonly jid: string;
  /** 0 to 100. */
  readonly percent?: number | undefined;
  /** What it is at, in words. */
  readonly text?: string | undefined;
  /** Until when the job stays reserved. */
  readonly reserveUntil?: Date | undefined;
}

/** TRACK SET: how far a job is. */
export function trackSet({ jid, percent, text, reserveUntil }: Progress): Command<void> {
  const payload = JSON.stringify({
    jid,
    percent,
    desc: text,
    reserve_until: reserveUntil?.toISOString(),
  });
  return { verb: "TRACK", payload: `SET ${payload}`, resend: "safe", parse: parseOk };
}

/** TRACK GET: what the server knows of a tracked job, as it gives it. */
export function trackGet(jid: string): Command<Record<string, unknown>> {
  return { verb: "TRACK", payload: `GET ${jid}`, resend: "safe", parse: parseObject };
}
