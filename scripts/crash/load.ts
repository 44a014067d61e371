import { ConnectionGone, RawClient } from "../../tests/contract/raw_client.ts";
import type { Ledger } from "../ledger.ts";

/** Load on one server, until it is killed. */
export interface Load {
  /** URL of the server. */
  readonly url: string;
  readonly ledger: Ledger;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
  /** Called with the number of confirmed commands. */
  confirmed(count: number): void;
  /** Jobs enqueued minus jobs fetched in this run. */
  open: number;
  /**
   * True for a load without bursts and failures that leaves a third of the jobs waiting on one
   * queue, as in a queue that grows.
   */
  readonly isSteady?: boolean;
}

export async function loadServer(load: Load, producers: number, consumers: number): Promise<void> {
  const clients = [
    ...new Array<typeof produce>(producers).fill(produce),
    ...new Array<typeof produce>(consumers).fill(consume),
  ];
  await Promise.all(clients.map((run) => run(load)));
}

/** Pause of a client in a steady load: eight producers enqueue up to 2,000 jobs a second. */
const PAUSE_MS = 4;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Jobs that may be enqueued before the producer waits for the consumers. */
const MAX_OPEN = 400;

const QUEUES = ["default", "other"];

/** Enqueues with PUSH, many of them in flight, and with PUSHB, until the server is gone. */
function produce(load: Load): Promise<void> {
  return untilGone(load.url, async (client) => {
    const { random } = load;
    while (load.isSteady) {
      await pushEach(client, load, [makeJob(load)]);
      await pause();
    }
    while (true) {
      const jobs = Array.from({ length: 1 + Math.floor(random() * 40) }, () => makeJob(load));
      if (load.open > MAX_OPEN) await client.exchange("INFO\r\n", 2);
      else if (random() < 0.3) await pushBulk(client, load, jobs);
      else await pushEach(client, load, jobs);
    }
  });
}

const PREFIX = "job-";

/** Returns the number of a job, from its jid. */
export function numberOf(jid: string): number {
  return Number(jid.slice(PREFIX.length));
}

/** Creates a job: its number in the ledger, and its text. */
function makeJob({ random, ledger, isSteady }: Load): readonly [number: number, text: string] {
  const number = ledger.send();
  const jid = `${PREFIX}${String(number).padStart(10, "0")}`;
  const queue = isSteady ? QUEUES[0] : QUEUES[Math.floor(random() * QUEUES.length)];
  const isScheduled = !isSteady && random() < 0.02;
  const at = isScheduled ? { at: new Date(Date.now() + 3_600_000).toISOString() } : {};
  return [number, JSON.stringify({ jid, queue, jobtype: "work", args: [], ...at })];
}

type MadeJobs = readonly ReturnType<typeof makeJob>[];

async function pushBulk(client: RawClient, load: Load, jobs: MadeJobs): Promise<void> {
  const texts = jobs.map(([, text]) => text);
  const [, refused] = await client.exchange(`PUSHB [${texts.join(",")}]\r\n`, 2);
  if (refused !== "{}") load.ledger.violations.push(`PUSHB was refused: ${refused}`);
  for (const [number] of jobs) load.ledger.confirm(number);
  load.open += jobs.length;
  load.confirmed(jobs.length);
}

async function pushEach(client: RawClient, load: Load, jobs: MadeJobs): Promise<void> {
  client.write(jobs.map(([, text]) => `PUSH ${text}\r\n`).join(""));
  for (const [number] of jobs) {
    const [reply] = await client.exchange("", 1);
    if (reply !== "+OK") load.ledger.violations.push(`PUSH was refused: ${reply}`);
    load.ledger.confirm(number);
    load.open++;
    load.confirmed(1);
  }
}

/** Fetches jobs until the server is gone. Acknowledges most, fails some and keeps some. */
function consume(load: Load): Promise<void> {
  return untilGone(load.url, async (client) => {
    const { ledger, random, isSteady } = load;
    while (true) {
      if (isSteady && ledger.ending * 3 >= ledger.confirmed * 2) {
        // Only a command notices that the connection is lost.
        await client.exchange("INFO\r\n", 2);
        await pause();
        continue;
      }
      const [length] = await client.exchange(`FETCH ${QUEUES.join(" ")}\r\n`, 1);
      if (length === "$-1") continue;
      const [text] = await client.exchange("", 1);
      const { jid } = JSON.parse(text!);
      const job = numberOf(jid);
      ledger.give(job);
      load.open--;
      const chance = isSteady ? 1 : random();
      if (chance < 0.01) continue;
      const verb = chance < 0.05 ? "FAIL" : "ACK";
      if (verb === "ACK") ledger.acknowledge(job);
      else ledger.release(job);
      const [reply] = await client.exchange(`${verb} ${JSON.stringify({ jid })}\r\n`, 1);
      if (reply !== "+OK") ledger.violations.push(`${verb} was refused: ${reply}`);
      if (verb === "ACK") ledger.end(job);
      load.confirmed(1);
    }
  });
}

async function untilGone(url: string, work: (client: RawClient) => Promise<void>): Promise<void> {
  try {
    using client = await RawClient.hello(url);
    await work(client);
  } catch (error) {
    if (!(error instanceof ConnectionGone)) throw error;
  }
}
