import { ConnectError, type FaktoryError, type InvalidJobError, TimeoutError } from "../errors.ts";
import { encodeCore } from "../job/encode_core.ts";
import {
  type EnqueueManyResult,
  type JobSource,
  notIterable,
  reportedJid,
  withIndex,
} from "../job/job_source.ts";
import { serverError } from "../protocol/server_errors.ts";

/** Maximum number of jobs in one PUSHB. The server allows five seconds for all of them. */
const MAX_JOBS = 1000;

/** Length of the text in one PUSHB before its last job, in UTF-16 units. */
const MAX_TEXT = 1024 * 1024;

/**
 * Sends jobs, as JSON separated by commas. Returns the server's error text for each refused job, by
 * jid.
 */
export type SendJobs = (jobs: string) => Promise<Map<string, string>>;

/** Sends the jobs of `source`, one PUSHB after the other. */
export async function enqueueMany(
  source: JobSource,
  send: SendJobs,
  signal?: AbortSignal,
): Promise<EnqueueManyResult> {
  const { asyncIterator, iterator } = Symbol;
  if (
    typeof source !== "object" || source === null ||
    !(asyncIterator in source || iterator in source)
  ) throw notIterable(source);
  const enqueued: string[] = [];
  const failed = new Map<string, FaktoryError>();
  let count = 0;
  let jids: string[] = [];
  let text = "";
  /** The error after which nothing more is sent. */
  let fatalError: unknown;
  async function flush(): Promise<void> {
    const sent = jids;
    jids = [];
    try {
      if (fatalError !== undefined) throw fatalError;
      const refused = await send(text);
      for (const jid of sent) {
        const reply = refused.get(jid);
        if (reply === undefined) enqueued.push(jid);
        else failed.set(jid, serverError(reply));
      }
    } catch (error) {
      for (const jid of sent) failed.set(jid, error as FaktoryError);
      if (error instanceof ConnectError || error instanceof TimeoutError) fatalError = error;
    }
  }
  for await (const job of source) {
    signal?.throwIfAborted();
    try {
      const { jid, json } = encodeCore(job);
      text = jids.length === 0 ? json : `${text},${json}`;
      jids.push(jid);
    } catch (error) {
      failed.set(reportedJid(job), withIndex(error as InvalidJobError, count));
    }
    count++;
    if (jids.length === MAX_JOBS || text.length > MAX_TEXT) await flush();
  }
  if (jids.length > 0) await flush();
  return { enqueued, failed };
}
