import { RawClient } from "../../../tests/contract/raw_client.ts";

/** Work with many jobs on a server. */
export interface Step {
  readonly name: string;
  /** Not measured. */
  readonly before?: (url: string) => Promise<unknown>;
  readonly run: (url: string) => Promise<unknown>;
}

const BATCH = 500;

let count = 0;

/** Returns a job of 200 characters. */
function job(more: string): string {
  const jid = `load-${String(++count).padStart(12, "0")}`;
  const json =
    `{"jid":"${jid}","jobtype":"resize","retry":25,"created_at":"2026-01-01T00:00:00Z"${more}`;
  return `${json},"args":["${"x".repeat(Math.max(0, 200 - json.length - 12))}"]}`;
}

/** Enqueues jobs with PUSHB, up to four of them in flight. */
async function push(url: string, jobs: number, more = (_index: number) => ""): Promise<void> {
  using client = await RawClient.hello(url);
  let inFlight = 0;
  for (let i = 0; i < jobs; i += BATCH) {
    const all = Array.from({ length: Math.min(BATCH, jobs - i) }, (_, k) => job(more(i + k)));
    client.write(`PUSHB [${all.join()}]\r\n`);
    if (++inFlight < 4) continue;
    inFlight--;
    await client.exchange("", 2);
  }
  await client.exchange("", 2 * inFlight);
}

async function run(url: string, jobs: number): Promise<void> {
  using client = await RawClient.hello(url);
  for (let i = 0; i < jobs; i += 16) {
    const lines = await client.exchange("FETCH default\r\n".repeat(16), 32);
    const jids = lines.filter((_, k) => k % 2 === 1).map((line) => JSON.parse(line).jid);
    await client.exchange(jids.map((jid) => `ACK {"jid":"${jid}"}\r\n`).join(""), 16);
  }
}

/** Sends a command on a connection of its own. Returns the last line of the reply. */
export async function ask(url: string, command: string, lines = 1): Promise<string> {
  using client = await RawClient.hello(url);
  return (await client.exchange(`${command}\r\n`, lines)).at(-1)!;
}

/** Resolves when no scheduled job is left. */
async function allDue(url: string): Promise<void> {
  while (!/"scheduled":0/.test(await ask(url, "INFO", 2))) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function info(url: string): Promise<void> {
  for (let i = 0; i < 10; i++) await ask(url, "INFO", 2);
}

/** Removes all jobs, and schedules others. */
async function schedule(url: string, jobs: number, ms: number): Promise<void> {
  await ask(url, "FLUSH");
  const at = `,"at":"${new Date(Date.now() + ms).toISOString()}"`;
  await push(url, jobs, () => at);
}

/**
 * The steps, in their order, with `jobs` jobs in all. A server with data is restarted before
 * `INFO`.
 */
export function stepsOf(jobs: number): readonly Step[] {
  const sixth = Math.round(jobs / 6);
  return [
    { name: "nothing", run: () => new Promise((resolve) => setTimeout(resolve, 2000)) },
    { name: `PUSHB of ${jobs} jobs`, run: (url) => push(url, jobs) },
    { name: "FETCH and ACK of 20,000 of them", run: (url) => run(url, 20_000) },
    { name: "INFO, ten times", run: info },
    {
      name: `${sixth} jobs due in one second`,
      before: (url) => schedule(url, sixth, 60_000 + sixth / 20),
      run: allDue,
    },
    {
      name: `MUTATE discards ${2 * sixth} jobs`,
      before: (url) => schedule(url, 2 * sixth, 86_400_000),
      run: (url) =>
        ask(url, `MUTATE {"cmd":"discard","target":"scheduled","filter":{"jobtype":"resize"}}`),
    },
    {
      name: "INFO of 100,000 queues, ten times",
      before: (url) => push(url, 100_000, (index) => `,"queue":"queue-${index}"`),
      run: info,
    },
  ];
}
