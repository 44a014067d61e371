import { Consumer, type JobInput, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import type { ReplyFault } from "./link.ts";
import { type FaultName, FaultProxy, REPLY_FAULTS } from "./proxy.ts";
import { shifted } from "./shifted_clock.ts";
import { turn, WallClock } from "./wall_clock.ts";

/** Options of a run with a faulty network. */
export interface LedgerOptions {
  readonly seed: number;
  readonly jobs: number;
  readonly delivery: "at-least-once" | "at-most-once";
  /** Time by which the server's clock is ahead of its clients'. @default 0 */
  readonly serverAheadMs?: number;
}

/** Record of one job. */
export interface Entry {
  /** `works`, fails in its first run, or fails always. */
  readonly kind: "works" | "flaky" | "fails";
  /** Result of its enqueue: the server has it, does not have it, or it is unknown. */
  enqueue: "had" | "not-sent" | "unknown" | undefined;
  /** Number of complete commands that contained it. */
  pushes: number;
  runs: number;
  acks: number;
  fails: number;
  /** Runs whose result could not be sent in time, or at all. */
  doubts: number;
}

/** Records of all jobs, and totals. */
export interface Ledger {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly faults: FaultProxy["counts"];
  readonly left: { readonly working: number; readonly queued: number; readonly retries: number };
  readonly dead: number;
  /** Maximum number of connections through the proxy at a time. */
  readonly connections: number;
  /** Duration by the clock of client and server. */
  readonly seconds: number;
}

/** Time of one step of the clock, in ms. */
const STEP_MS = 5;

/** Delay of each reply, in ms. */
const LATENCY_MS = 12;

const RESERVE_SECONDS = 60;
const RETRIES = 3;

/** Together larger than one write. */
const LARGE = "x".repeat(40_000);
const LARGE_JOBS = 64;

/** Time without faults, which happens now and then, in ms. */
const CALM_MS = 500;

/** Enough for all connections that a producer opens. */
const BURST_JOBS = 400;

/** Returns a repeatable generator of numbers from 0 to below 1. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48271 % 2147483647) / 2147483647;
}

/**
 * Sends jobs from a producer to a consumer through a proxy. A fault happens every 20 to 300 ms, and
 * the server restarts twice. Then the faults end, and time passes until the server has no jobs
 * left. With at-most-once delivery, only the producer's side has faults, so a job that runs twice
 * was stored twice.
 *
 * All timers use one clock, which never waits, and all random numbers come from the seed. The
 * server's wall clock may differ.
 */
export async function keepLedger(options: LedgerOptions): Promise<Ledger> {
  const { random } = Math;
  Math.random = numbers(options.seed + 1);
  try {
    return await new Run(options).go();
  } finally {
    Math.random = random;
  }
}

class Run {
  readonly #options: LedgerOptions;
  readonly #random: () => number;
  readonly #clock = new WallClock();
  readonly #entries = new Map<string, Entry>();
  #underWay = 0;
  #made = 0;
  #isCalm = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#random = numbers(options.seed);
  }

  async go(): Promise<Ledger> {
    const { delivery, jobs, serverAheadMs = 0 } = this.#options;
    const clock = this.#clock;
    const since = clock.now();
    const server = await MemoryServer.start({ clock: shifted(clock, serverAheadMs) });
    const proxy = new FaultProxy(server.transport, clock);
    const reconnect = { initialMs: 10, maxMs: 200, attempts: 1000 };
    const common = {
      url: server.url,
      clock,
      reconnect,
      connectTimeoutMs: 1000,
      commandTimeoutMs: 5000,
    };
    const producer = await Producer.connect({ ...common, transport: proxy, delivery });
    const transport = delivery === "at-most-once" ? server.transport : proxy;
    const consumer = new Consumer({ ...common, transport, concurrency: 40, queues: ["q"] });
    this.#keep(proxy, consumer);
    const running = consumer.run();
    while (consumer.state !== "running") await turn();
    // Replies are slow, so that the producer opens more connections.
    proxy.latencyMs = LATENCY_MS;
    this.#plague(proxy);
    let restarts = 0;
    while (this.#made < jobs || this.#underWay > 0) {
      if (this.#made < jobs && this.#underWay < 1000) this.#enqueue(producer);
      if (this.#made > jobs * (restarts + 1) / 3 && restarts < 2) {
        restarts++;
        proxy.restart(300);
      }
      await this.#pass(STEP_MS);
    }
    this.#isCalm = true;
    proxy.heal();
    proxy.latencyMs = 0;
    // The network works again, and the clients learn of connections that it had dropped.
    proxy.cutAll();
    const has = () => {
      const { queues, working, retries } = server.snapshot();
      return { working, queued: queues["q"] ?? 0, retries };
    };
    const { entries } = this;
    const isLeft = () => Object.values(has()).some((count) => count > 0);
    for (let passed = 0; isLeft() && passed < 3_600_000; passed += 1000) await this.#pass(1000);
    const left = has();
    let isOver = false;
    const over = Promise.all([consumer.stop(), producer.close(), running]).then(() =>
      isOver = true
    );
    while (!isOver) await this.#pass(STEP_MS);
    await over;
    const { dead } = server.snapshot();
    await server.close();
    const seconds = (clock.now() - since) / 1000;
    return { entries, faults: proxy.counts, left, dead, seconds, connections: proxy.most };
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  async #pass(ms: number): Promise<void> {
    this.#clock.advance(ms);
    await turn();
  }

  #integer(max: number): number {
    return Math.floor(this.#random() * max);
  }

  /** Records the events of each job. */
  #keep(proxy: FaultProxy, consumer: Consumer): void {
    const of = (jid: string) => this.#entries.get(jid)!;
    proxy.onCommand = (verb, payload) => {
      if (verb === "ACK") of(JSON.parse(payload).jid).acks++;
      if (verb === "FAIL") of(JSON.parse(payload).jid).fails++;
      if (verb === "PUSH") of(JSON.parse(payload).jid).pushes++;
      if (verb === "PUSHB") { for (const { jid } of JSON.parse(payload)) of(jid).pushes++; }
    };
    consumer.register("work", async ({ jid, args: [ms] }) => {
      const entry = of(jid);
      const run = ++entry.runs;
      if (ms as number > 0) {
        await new Promise<void>((resolve) => void this.#clock.after(ms as number, resolve));
      }
      if (entry.kind === "fails" || (entry.kind === "flaky" && run === 1)) throw new Error("no");
    });
    consumer.on("unreported", ({ job }) => of(job.jid).doubts++);
    consumer.on("expired", ({ job }) => of(job.jid).doubts++);
  }

  #enqueue(producer: Producer): void {
    const isLarge = this.#random() < 0.01;
    const most = isLarge ? LARGE_JOBS : this.#integer(this.#random() < 0.015 ? BURST_JOBS : 16);
    const count = Math.min(most, this.#options.jobs - this.#made);
    const inputs = Array.from({ length: count }, () => this.#job(isLarge ? [LARGE] : []));
    if (this.#random() < 0.3) {
      this.#underWay++;
      producer.enqueueMany(inputs).then(({ enqueued, failed }) => {
        for (const jid of enqueued) this.#entries.get(jid)!.enqueue = "had";
        for (const [jid, error] of failed) this.#lost(jid, error);
      }).finally(() => this.#underWay--);
      return;
    }
    for (const input of inputs) {
      this.#underWay++;
      producer.enqueue(input).then(
        (jid) => this.#entries.get(jid)!.enqueue = "had",
        (error) => this.#lost(input.jid!, error),
      ).finally(() => this.#underWay--);
    }
  }

  #job(more: readonly string[]): JobInput {
    const number = this.#made++;
    const jid = `job-${number}-${this.#integer(1e9)}`;
    const kind = number % 100 === 7 ? "fails" : number % 20 === 11 ? "flaky" : "works";
    this.#entries.set(jid, {
      kind,
      enqueue: undefined,
      pushes: 0,
      runs: 0,
      acks: 0,
      fails: 0,
      doubts: 0,
    });
    const ms = this.#random() < 0.1 ? this.#integer(100) : 0;
    const retry = kind === "works" ? 25 : RETRIES;
    return {
      jid,
      type: "work",
      args: [ms, ...more],
      queue: "q",
      retry,
      reserveFor: RESERVE_SECONDS,
    };
  }

  #lost(jid: string, error: unknown): void {
    this.#entries.get(jid)!.enqueue = (error as { outcome?: "not-sent" | "unknown" }).outcome;
  }

  /** Causes a fault every 20 to 300 ms. */
  #plague(proxy: FaultProxy): void {
    const calmMs = this.#random() < 0.05 ? CALM_MS : 20;
    this.#clock.after(calmMs + this.#random() * 280, () => {
      if (this.#isCalm) return;
      this.#strike(proxy);
      this.#plague(proxy);
    });
  }

  #strike(proxy: FaultProxy): void {
    const names: FaultName[] = [...REPLY_FAULTS, "refuse", "cut all", "reset all"];
    if (proxy.stalls === 0) names.push("stall");
    const name = names[this.#integer(names.length)]!;
    if (name === "refuse") proxy.refuse(this.#integer(300));
    else if (name === "cut all") proxy.cutAll();
    else if (name === "reset all") proxy.resetAll();
    else if (name === "stall") proxy.stall();
    else if (name !== "restart") this.#arm(proxy, name);
  }

  #arm(proxy: FaultProxy, name: ReplyFault): void {
    const verbs = [undefined, "PUSHB", "PUSH", "greeting", "HELLO"];
    if (this.#options.delivery === "at-least-once") verbs.push("FETCH", "ACK", "FAIL");
    const ms = name === "too many" && this.#random() < 0.5 ? undefined : this.#integer(1000);
    proxy.arm(name, { verb: verbs[this.#integer(verbs.length)], ms });
  }
}
