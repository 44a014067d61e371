import { type Producer, sendCommand } from "../producer/producer.ts";
import { acknowledge, fetchJob, pushBulk } from "../protocol/commands/jobs.ts";
import { serverError } from "../protocol/server_errors.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";

/**
 * The type of the jobs that are tokens. No worker runs them, as no consumer fetches from their
 * queues.
 */
const TOKEN = "faktory.workflow.token";

/**
 * Seconds that a token is reserved for while it is united with others: the least that the server
 * allows.
 */
const RESERVE_SECONDS = 60;

/** A token that a program holds when it dies comes back by a retry. */
const RETRIES = 1000;

/** How often other readers put a mark back: that of a dead reader has to end. */
const HOPS = 5;

/** Facts by their keys: two facts with one key are the same fact. */
export type Facts = Readonly<Record<string, unknown>>;

/** A token: facts, or the mark behind which a reader stops. */
interface Token {
  readonly facts?: Facts;
  readonly mark?: string;
  /** How often other readers may put the mark back. */
  readonly hops?: number;
}

/** What is read from a queue of tokens, and still reserved there. */
export interface Held {
  readonly facts: Facts;
  /** The jids of the tokens. */
  readonly jids: readonly string[];
}

/**
 * Sends jobs by one command. The server takes them one after the other, so some may be there after
 * an error.
 */
export async function pushAll(producer: Producer, jobs: readonly EncodedJob[]): Promise<void> {
  if (jobs.length === 0) return;
  const refused = await sendCommand(producer, pushBulk(jobs.map(({ json }) => json).join()));
  for (const text of refused.values()) throw serverError(text);
}

/** A job that holds facts. */
export function tokenOf(queue: string, facts: Facts): EncodedJob {
  return encode(queue, { facts }, RETRIES);
}

function encode(queue: string, token: Token, retry: number): EncodedJob {
  return encodeJob({ type: TOKEN, args: [token], queue, retry, reserveFor: RESERVE_SECONDS });
}

/**
 * Reserves all tokens that are in the queue now, and unites their facts. What another program holds
 * at this moment is not seen.
 *
 * @param isLast Whether the queue is about to be removed, so that nothing is put back.
 */
export async function takeTokens(
  producer: Producer,
  queue: string,
  isLast = false,
): Promise<Held> {
  // A FETCH of an empty queue takes two seconds. Behind the mark, nothing needs to be fetched.
  const mark = createJid();
  // A mark whose reader died is dropped when its reservation ends.
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
      // The mark of another reader, which waits for it, or is dead.
      const { hops = 0 } = token;
      if (hops > 0 && !isLast) {
        await pushAll(producer, [encode(queue, { mark: token.mark, hops: hops - 1 }, 0)]);
      }
    }
  }
  return { facts, jids };
}

/** Removes tokens whose facts are kept elsewhere by now. */
export async function dropTokens(producer: Producer, { jids }: Held): Promise<void> {
  await Promise.all(jids.map((jid) => sendCommand(producer, acknowledge(jid))));
}
