import { type Producer, sendCommand } from "../producer/producer.ts";
import { acknowledge, fetchJob, pushBulk } from "../protocol/commands/jobs.ts";
import { serverError } from "../protocol/server_errors.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";

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

/**
 * Number of times that other readers put a mark back. It is limited, because the reader may have
 * crashed.
 */
const HOPS = 5;

/**
 * Facts by their keys: records of what has happened in a workflow, stored in tokens. Two facts with
 * the same key are the same fact.
 */
export type Facts = Readonly<Record<string, unknown>>;

/** A token: facts, or a mark at which a reader stops. */
interface Token {
  readonly facts?: Facts;
  readonly mark?: string;
  /** Number of times that other readers may put the mark back. */
  readonly hops?: number;
}

/** Tokens that were read from a queue and are still reserved. */
export interface TakenTokens {
  readonly facts: Facts;
  /** The jids of the tokens. */
  readonly jids: readonly string[];
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
  return encode(queue, { facts }, RETRIES);
}

function encode(queue: string, token: Token, retry: number): EncodedJob {
  return encodeJob({ type: TOKEN, args: [token], queue, retry, reserveFor: RESERVE_SECONDS });
}

/**
 * Reserves all tokens in the queue, and merges their facts. Tokens that another program holds at
 * the moment are missed.
 *
 * @param isLast True if the queue is about to be removed, so that nothing is put back.
 */
export async function takeTokens(
  producer: Producer,
  queue: string,
  isLast = false,
): Promise<TakenTokens> {
  // A FETCH from an empty queue takes two seconds. After the mark, nothing more needs to be
  // fetched.
  const mark = createJid();
  // A mark whose reader crashed is dropped when its reservation ends.
  await pushAll(producer, [encode(queue, { mark, hops: HOPS }, 0)]);
  const jids: string[] = [];
  let facts: Facts = {};
  while (true) {
    const job = await sendCommand(producer, fetchJob([queue]));
    // Another reader has taken the mark.
    if (job === undefined) break;
    const [token] = job.args as [Token?];
    if (token?.mark === undefined) {
      jids.push(job.jid);
      facts = { ...facts, ...token?.facts };
    } else {
      await sendCommand(producer, acknowledge(job.jid));
      if (token.mark === mark) break;
      // The mark of another reader, which waits for it or has crashed.
      const { hops = 0 } = token;
      if (hops > 0 && !isLast) {
        await pushAll(producer, [encode(queue, { mark: token.mark, hops: hops - 1 }, 0)]);
      }
    }
  }
  return { facts, jids };
}

/** Removes tokens whose facts are stored elsewhere now. */
export async function dropTokens(producer: Producer, { jids }: TakenTokens): Promise<void> {
  await Promise.all(jids.map((jid) => sendCommand(producer, acknowledge(jid))));
}
