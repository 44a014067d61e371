import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FaktoryServer, ManualClock, type ServerSnapshot } from "../../src/server/mod.ts";
import type { Step } from "./differential_steps.ts";
import { RawClient } from "./raw_client.ts";

/**
 * Maximum number of FETCHes without a job in a sequence. Each advances the clock, and must have no
 * other effect.
 */
const MAX_BLOCKED = 5;

let runs = 0;

/**
 * Sends the steps to a new embedded server and checks the invariants of any server. If `realUrl` is
 * given, also sends them to a real server and compares the replies, except for times. Where the
 * reference server iterates over a set in no defined order, only the final state is compared.
 */
export async function run(steps: readonly Step[], realUrl: string | undefined): Promise<void> {
  const clock = new ManualClock(Date.now());
  await using server = await FaktoryServer.start({ port: 0, clock });
  const id = `${Date.now().toString(36)}${(runs++).toString(36).padStart(4, "0")}`;
  const embedded = await Side.open(server.url, id);
  const real = realUrl === undefined ? undefined : await Side.open(realUrl, id);
  try {
    await new Run(server, clock, embedded, real).all(steps);
  } finally {
    await embedded.close();
    await real?.close();
  }
}

/** The clients of one server. */
class Side {
  readonly #id: string;
  readonly #clients: readonly RawClient[];
  /** The jids of fetched jobs. */
  readonly #jids = new Set<string>();

  private constructor(id: string, clients: readonly RawClient[]) {
    this.#id = id;
    this.#clients = clients;
  }

  static async open(url: string, id: string): Promise<Side> {
    const clients = [await RawClient.hello(url)];
    for (let i = 0; i < 2; i++) clients.push(await RawClient.hello(url, { wid: `w${id}` }));
    const side = new Side(id, clients);
    for (const line of ["FLUSH", "QUEUE REMOVE *"]) assert.equal(await side.ask(0, line), "+OK");
    return side;
  }

  /** Sends a line. Returns the parts of its reply that are the same on every server. */
  async ask(client: number, line: string): Promise<string> {
    const whole = line.replace(
      /@([1-6w])/g,
      (_, name) => (name === "w" ? "w" : `j${name}-`) + this.#id,
    );
    this.#clients[client]!.write(Buffer.from(`${whole}\r\n`, "latin1"));
    const reply = await this.#clients[client]!.reply();
    if (reply.startsWith('{"retry":')) this.#jids.add(JSON.parse(reply).jid);
    return normal(reply).replaceAll(this.#id, "ID");
  }

  async close(): Promise<void> {
    // The reference server would remember them even after a FLUSH, and one might appear again.
    for (const jid of this.#jids) await this.#clients[0]!.ask(`ACK ${JSON.stringify({ jid })}`);
    for (const client of this.#clients) client.close();
  }
}

/** Removes the parts of a reply that depend on time or on the process. */
function normal(reply: string): string {
  if (reply.startsWith('{"now":')) {
    const { faktory, server } = JSON.parse(reply);
    const tasks = Object.entries(faktory.tasks as Record<string, Record<string, number>>).map(
      (
        [name, { size, ...others }],
      ) => [name, Object.keys(others), /Busy|Workers/.test(name) || size],
    );
    const keys = [reply.match(/"\w+":/g)!.join(""), server.description, server.faktory_version];
    return JSON.stringify({ keys, ...faktory, tasks });
  }
  if (/^\{("(?:[^"\\]|\\.)*":[-\d.e]+,?)+\}$/.test(reply)) return reply.replace(/:[-\d.e]+/g, ":0");
  const year = new Date().getUTCFullYear();
  return reply.replaceAll(new RegExp(`"${year}-[^"]*Z"`, "g"), '"NOW"');
}

/** Counts the jobs on a server. Only a few commands change this number. */
function total({ queues, scheduled, retries, dead, working }: ServerSnapshot): number {
  return Object.values(queues).reduce(
    (sum, size) => sum + size,
    scheduled + retries + dead + working,
  );
}

class Run {
  readonly #server: FaktoryServer;
  readonly #clock: ManualClock;
  readonly #embedded: Side;
  readonly #real: Side | undefined;
  readonly #log: string[] = [];
  #blocked = 0;
  /** True after jobs went back to their queues in the reference server's own order. */
  #isUnordered = false;
  /**
   * True after a command failed halfway, which the reference server may have started at another
   * job.
   */
  #isUnsettled = false;

  constructor(server: FaktoryServer, clock: ManualClock, embedded: Side, real: Side | undefined) {
    this.#server = server;
    this.#clock = clock;
    this.#embedded = embedded;
    this.#real = real;
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const { client, line } of steps) {
      // The reference server uses the last pushed `retry` as its default, which is a bug.
      if (line.startsWith("PUSH")) await this.#both(0, `PUSH {"retry":25}`);
      if (line.startsWith("FETCH")) await this.#fetch(client, line);
      else await this.#step(client, line);
      if (this.#isUnsettled) return;
    }
    await this.#audit();
  }

  async #step(client: number, line: string): Promise<void> {
    const before = this.#server.snapshot();
    const reply = await this.#both(client, line);
    const after = this.#server.snapshot();
    this.#conserve(line, reply, total(after) - total(before));
    if (!/^MUTATE .*requeue/s.test(line)) return;
    const moved = ["scheduled", "retries", "dead"] as const;
    const held = Math.max(...moved.map((name) => before[name]));
    if (moved.some((name) => before[name] - after[name] > 1)) this.#isUnordered = true;
    if (reply.startsWith("-ERR cannot") || reply.startsWith("-ERR queue")) {
      this.#isUnsettled = held > 1;
    }
  }

  async #fetch(client: number, line: string): Promise<void> {
    if (this.#isUnordered || this.#blocked >= MAX_BLOCKED) return;
    const before = total(this.#server.snapshot());
    let isAnswered = false;
    const asked = this.#embedded.ask(client, line).finally(() => isAnswered = true);
    while (!isAnswered && this.#server.snapshot().waiting === 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!isAnswered) {
      // Saves two seconds of the real server's time. The audit shows that it has no job either.
      this.#blocked++;
      this.#clock.advance(2000);
      assert.equal(await asked, "$-1", this.#told(line));
      return;
    }
    const reply = await asked;
    this.#check(client, line, reply, await this.#real?.ask(client, line));
    assert.equal(total(this.#server.snapshot()), before, this.#told(line));
  }

  /** Checks that no server loses or invents jobs. */
  #conserve(line: string, reply: string, change: number): void {
    const verb = line.split(" ", 1)[0]!;
    const isWell = !reply.startsWith("-");
    const allowed = isWell ? CHANGES[verb] ?? [0, 0] : [0, 0];
    const most = verb === "PUSHB" && isWell ? line.length : allowed[1];
    assert(change >= allowed[0] && change <= most, `${this.#told(line)}: ${change} jobs more`);
  }

  async #both(client: number, line: string): Promise<string> {
    const reply = await this.#embedded.ask(client, line);
    this.#check(client, line, reply, await this.#real?.ask(client, line));
    return reply;
  }

  #check(client: number, line: string, reply: string, real: string | undefined): void {
    this.#log.push(`${client}> ${line}`, `   ${reply}`);
    assert.match(reply, /^(\+OK$|-ERR |\$-1$|\{)/, this.#told(line));
    if (real !== undefined) {
      assert.equal(reply, real, `embedded, then real, behind${this.#told(line)}`);
    }
  }

  #told(line: string): string {
    return `\n${this.#log.slice(-30).join("\n")}\n${line}`;
  }

  /** Moves all jobs of all sets to their queues, so that they can be compared. */
  async #audit(): Promise<void> {
    await this.#both(0, "INFO");
    await this.#both(0, "QUEUE RESUME *");
    // Except those with an invalid queue name.
    const regexp = '*"queue":"*[^-a-zA-Z0-9._"]*","jobtype"*';
    const operation = { cmd: "discard", target: "scheduled", filter: { regexp } };
    await this.#both(0, `MUTATE ${JSON.stringify(operation)}`);
    for (const target of ["scheduled", "retries", "dead"]) {
      const line = `MUTATE {"cmd":"requeue","target":"${target}"}`;
      if (await this.#both(0, line) !== "+OK") return;
    }
    for (const [queue, size] of Object.entries(this.#server.snapshot().queues)) {
      const jobs: [string[], string[]] = [[], []];
      for (let i = 0; i < size; i++) {
        jobs[0].push(await this.#embedded.ask(0, `FETCH ${queue}`));
        if (this.#real !== undefined) jobs[1].push(await this.#real.ask(0, `FETCH ${queue}`));
      }
      if (this.#real !== undefined) {
        assert.deepEqual(jobs[0].sort(), jobs[1].sort(), this.#told(`all of ${queue}`));
      }
    }
    await this.#both(0, "INFO");
  }
}

/** Number of jobs that a successful command can remove and add. */
const CHANGES: Readonly<Record<string, readonly [number, number]>> = {
  PUSH: [0, 1],
  ACK: [-1, 0],
  FAIL: [-1, 0],
  QUEUE: [-Infinity, 0],
  MUTATE: [-Infinity, 0],
  FLUSH: [-Infinity, 0],
};
