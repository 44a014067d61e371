import { encodeJob } from "../../job/encode.ts";
import type { JobInput } from "../../job/job.ts";
import { type Command, parseObject, parseOk, parseText } from "./command.ts";

/** The definition of a batch, with at least one callback (BATCH NEW). */
export interface BatchDefinition<Input extends JobInput = JobInput> {
  /** A description for people. @default none */
  readonly description?: string | undefined;
  /** The id of the batch that contains this one. @default none */
  readonly parentBid?: string | undefined;
  /** The job to enqueue when all jobs of the batch have succeeded. @default none */
  readonly success?: Input | undefined;
  /** The job to enqueue when all jobs of the batch have run. @default none */
  readonly complete?: Input | undefined;
}

/** BATCH NEW: creates a batch and returns its id. */
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

/** BATCH OPEN: reopens a batch for more jobs. Returns its id, or `OK`. */
export function batchOpen(bid: string): Command<string> {
  return { verb: "BATCH", payload: `OPEN ${bid}`, resend: "safe", parse: parseText };
}

/** BATCH COMMIT: closes a batch for more jobs, so that its callbacks may run. */
export function batchCommit(bid: string): Command<void> {
  return { verb: "BATCH", payload: `COMMIT ${bid}`, resend: "safe", parse: parseOk };
}

/** BATCH STATUS: returns the progress of a batch, as the server sends it. */
export function batchStatus(bid: string): Command<Record<string, unknown>> {
  return { verb: "BATCH", payload: `STATUS ${bid}`, resend: "safe", parse: parseObject };
}

/** The progress of a running job (TRACK SET). */
export interface Progress {
  /** The job's id. */
  readonly jid: string;
  /** Progress in percent, 0 to 100. */
  readonly percent?: number | undefined;
  /** A description of the current step. */
  readonly text?: string | undefined;
  /** The new end of the job's reservation. */
  readonly reserveUntil?: Date | undefined;
}

/** TRACK SET: sets the progress of a job. */
export function trackSet({ jid, percent, text, reserveUntil }: Progress): Command<void> {
  const payload = JSON.stringify({
    jid,
    percent,
    desc: text,
    reserve_until: reserveUntil?.toISOString(),
  });
  return { verb: "TRACK", payload: `SET ${payload}`, resend: "safe", parse: parseOk };
}

/** TRACK GET: returns the state of a tracked job, as the server sends it. */
export function trackGet(jid: string): Command<Record<string, unknown>> {
  return { verb: "TRACK", payload: `GET ${jid}`, resend: "safe", parse: parseObject };
}
