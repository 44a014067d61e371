import { type Producer, sendCommand } from "../producer/producer.ts";
import { acknowledge, fetchJob, pushBulk } from "../protocol/commands/jobs.ts";
import { serverError } from "../protocol/server_errors.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { INTERNAL_PREFIX, WORKFLOW_PREFIX } from "../job/internal_queues.ts";

/**
 * Type of the jobs that are tokens. No worker runs them, because no consumer fetches from their
 * queues.
 */
const TOKEN = "faktory.workflow.token";

/**
 * Reservation of a token while it is collected, in seconds: the shortest that the server allows.
 */
const RESERVE_SECONDS = 60;

/** Retries of a token: one that a crashed program held comes back by a retry. */
const RETRIES = 1000;

/** Start of the names of the queues of marks. */
const MARKS_PREFIX = `${INTERNAL_PREFIX}workflow-marks.`;

/**
 * Facts by their keys: records of what has happened in a workflow, stored in tokens. Two facts with
 * the same key are the same fact.
 */
export type Facts = Readonly<Record<string, unknown>>;

/** Tokens that were read from a queue and are still reserved. */
export interface TakenTokens {
  readonly facts: Facts;
  /** The jids of the tokens. */
  readonly jids: readonly string[];
  /**
   * True if there may be more tokens, because the server has refused to hand out jobs: the worker is
   * quiet, or somebody has paused or removed the queue of marks.
   */
  readonly isCut: boolean;
}

/**
 * Sends jobs with one command. The server accepts them one by one, so some may be there after an
 * error.
 */
export async function pushAll(producer: Producer, jobs: readonly EncodedJob[]): Promise<void> {
  if (jobs.length === 0) return;
  const refused = await sendCommand(producer, pushBulk(jobs.map(({ json }) => json).join()));
  for (const text of refused.values()) throw serverError(text);
}

/** Returns a job that holds facts. */
export function tokenOf(queue: string, facts: Facts): EncodedJob {
  return encode(queue, [{ facts }], RETRIES);
}

function encode(queue: string, args: readonly unknown[], retry: number): EncodedJob {
  return encodeJob({ type: TOKEN, args, queue, retry, reserveFor: RESERVE_SECONDS });
}

/**
 * Reserves all tokens in the queue, and merges their facts. Tokens that another program holds at
 * the moment are missed.
 *
 * A FETCH that finds nothing would hold back the later commands of its connection for two seconds.
 * Therefore each reader first pushes a mark to a second queue, which a FETCH takes when there is no
 * token. Readers may take each other's marks, but there is one for each of them.
 */
export async function takeTokens(producer: Producer, queue: string): Promise<TakenTokens> {
  const marks = marksOf(queue);
  // A mark whose reader crashed is dropped when its reservation ends.
  await pushAll(producer, [encode(marks, [], 0)]);
  const fetch = fetchJob([queue, marks]);
  const jids: string[] = [];
  let facts: Facts = {};
  while (true) {
    const job = await sendCommand(producer, fetch);
    if (job === undefined) return { facts, jids, isCut: true };
    if (job.queue === marks) {
      await sendCommand(producer, acknowledge(job.jid));
      return { facts, jids, isCut: false };
    }
    jids.push(job.jid);
    facts = { ...facts, ...(job.args[0] as { readonly facts?: Facts } | undefined)?.facts };
  }
}

/** Removes a queue of tokens, and the queue of its marks. */
export async function removeTokens(producer: Producer, queue: string): Promise<void> {
  await producer.queues.remove([queue, marksOf(queue)]);
}

function marksOf(queue: string): string {
  return queue.replace(WORKFLOW_PREFIX, MARKS_PREFIX);
}

/** Removes tokens whose facts are stored elsewhere now. */
export async function dropTokens(producer: Producer, { jids }: TakenTokens): Promise<void> {
  await Promise.all(jids.map((jid) => sendCommand(producer, acknowledge(jid))));
}
