import { ConnectionGone, LineClient } from "../line_client.ts";
import { type Confirmations, idOf, jobsIn } from "./confirmations.ts";

const PRODUCERS = 8;
const CONSUMERS = 8;

/** Pause of a producer after each job: together they enqueue up to 2,000 jobs a second. */
const PAUSE_MS = 4;

/**
 * Loads a Faktory server until its connections are lost. A third of the jobs is left waiting, as in
 * a queue that grows, so that a server has something to lose. The load sends lines itself, so that the table
 * shows the server and not what a client adds to it.
 */
export async function loadFaktory(port: number, confirmations: Confirmations): Promise<void> {
  const loops = [
    ...Array.from({ length: PRODUCERS }, () => produce),
    ...Array.from({ length: CONSUMERS }, () => consume),
  ];
  await Promise.all(loops.map(async (loop) => {
    const client = await LineClient.hello(port);
    try {
      await loop(client, confirmations);
    } catch (error) {
      if (!(error instanceof ConnectionGone)) throw error;
    } finally {
      client.close();
    }
  }));
}

async function produce(client: LineClient, confirmations: Confirmations): Promise<never> {
  while (true) {
    const job = confirmations.next();
    const text = JSON.stringify({ jid: idOf(job), jobtype: "work", queue: "default", args: [] });
    await confirmed(client, `PUSH ${text}`);
    confirmations.enqueued(job);
    await pause(PAUSE_MS);
  }
}

async function consume(client: LineClient, confirmations: Confirmations): Promise<never> {
  while (true) {
    if (!confirmations.hasBacklog) {
      // A lost connection is noticed by a command only.
      await client.ask("INFO\r\n", 2);
      await pause(PAUSE_MS);
      continue;
    }
    const [length] = await client.ask("FETCH default\r\n", 1);
    if (length === "$-1") continue;
    const [text] = await client.ask("", 1);
    const [job] = jobsIn(text!);
    confirmations.completing(job!);
    await confirmed(client, `ACK {"jid":"${idOf(job!)}"}`);
    confirmations.completed(job!);
  }
}

async function confirmed(client: LineClient, line: string): Promise<void> {
  const [reply] = await client.ask(`${line}\r\n`, 1);
  if (reply !== "+OK") throw new Error(`The server answered ${reply} to ${line}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
