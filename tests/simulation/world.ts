import { cpuUsage } from "node:process";
import { ConsumerProcess } from "./consumers.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { planOf, type WorldPlan } from "./plan.ts";
import { type Load, ProducerProcess } from "./producers.ts";
import { Random, seeded } from "./random.ts";
import type { WorldOptions, WorldResult } from "./result.ts";
import { ServerHost } from "./server_host.ts";
import { Storm } from "./storm.ts";
import { Timeline } from "./timeline.ts";

/** Longest time in which all calls have to settle after the last fault, in milliseconds. */
const SETTLE_MS = 30 * 60_000;

/** Longest time in which all jobs have to come to an end after that. */
const DRAIN_MS = 12 * 3_600_000;

/** Longest time of all stops. */
const STOP_MS = 5 * 60_000;

/** Makes the world of a seed, lets it run to its end, and judges it. */
export async function simulateWorld(options: WorldOptions): Promise<WorldResult> {
  const since = performance.now();
  const cpu = cpuUsage();
  const random = new Random(options.seed);
  const timeline = new Timeline();
  const chance = { random: random.fork(), nowMs: () => timeline.now };
  const world = new World(options, timeline, random);
  await seeded(chance, () => world.run());
  const { user, system } = cpuUsage(cpu);
  return world.result({
    seconds: (performance.now() - since) / 1000,
    cpuSeconds: (user + system) / 1e6,
  });
}

/** A world. */
export class World {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly plan: WorldPlan;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly server: ServerHost;
  readonly load: Load;
  /** By their place in the plan. */
  readonly producers: ProducerProcess[] = [];
  readonly consumers: ConsumerProcess[] = [];
  readonly restarts: Record<string, number> = {};
  readonly #options: WorldOptions;
  readonly #storm: Storm;
  /** Producers that were told to stop, and consumers. */
  readonly #ending = new Set<ProducerProcess | ConsumerProcess>();
  #names = 0;

  constructor(options: WorldOptions, timeline: Timeline, random: Random) {
    this.#options = options;
    this.timeline = timeline;
    this.random = random;
    const plan = this.plan = planOf(random.fork());
    const ledger = this.ledger = new Ledger(() => timeline.now);
    const network = this.network = new Network(random.fork(), plan.weather);
    this.load = { left: options.jobs, queues: plan.queues };
    this.server = new ServerHost({
      timeline,
      network,
      ledger,
      random: random.fork(),
      plan: plan.server,
      storage: undefined,
    });
    this.#storm = new Storm(this);
  }

  async run(): Promise<void> {
    const { timeline, ledger, load, plan } = this;
    await this.server.start();
    for (const place of plan.consumers.keys()) this.startConsumer(place);
    for (const place of plan.producers.keys()) this.startProducer(place);
    this.#storm.begin();
    const minutes = this.#options.minutes ?? 30;
    await timeline.run(() => load.left === 0, minutes * 60_000);
    load.left = 0;
    this.#storm.end();
    this.network.heal();
    for (const place of plan.producers.keys()) this.stopProducer(place);
    await this.#until(
      "every call settles, and every producer ends",
      SETTLE_MS,
      () => ledger.pending === 0 && this.#ending.size === 0,
    );
    await this.#until("every job comes to its end", DRAIN_MS, () => ledger.open === 0);
    for (const place of plan.consumers.keys()) this.stopConsumer(place, 5000);
    await this.#until("every consumer ends", STOP_MS, () => this.#ending.size === 0);
    this.#judge();
  }

  result(cost: Pick<WorldResult, "seconds" | "cpuSeconds">): WorldResult {
    const { ledger, timeline, network } = this;
    return {
      seed: this.#options.seed,
      jobs: this.#options.jobs - this.load.left,
      minutes: Math.round(timeline.now / 6000) / 10,
      storage: "memory",
      faults: { ...network.counts, ...this.#storm.counts },
      restarts: this.restarts,
      reruns: ledger.reruns,
      counts: { ...ledger.counts, turns: timeline.turns },
      violations: ledger.violations,
      traceHash: ledger.trace.hash,
      engine: engineName(),
      seconds: Math.round(cost.seconds * 1000) / 1000,
      cpuSeconds: Math.round(cost.cpuSeconds * 1000) / 1000,
    };
  }

  startConsumer(place: number): void {
    const consumer = new ConsumerProcess(
      `consumer ${place}.${this.#names++}`,
      this.plan.consumers[place]!,
      { ...this, random: this.random.fork() },
    );
    this.consumers[place] = consumer;
    void consumer.run();
  }

  startProducer(place: number): void {
    const producer = new ProducerProcess(
      `producer ${place}.${this.#names++}`,
      this.plan.producers[place]!,
      { ...this, random: this.random.fork() },
    );
    this.producers[place] = producer;
    void producer.run();
  }

  /** Stops one, and has its place filled again if it is a deploy. */
  stopConsumer(place: number, graceMs: number): void {
    const consumer = this.consumers[place]!;
    this.#end(consumer, consumer.stop(graceMs));
  }

  stopProducer(place: number): void {
    const producer = this.producers[place]!;
    this.#end(producer, producer.stop());
  }

  killConsumer(place: number, isPowerLoss: boolean): void {
    const consumer = this.consumers[place]!;
    this.#kill(consumer, isPowerLoss);
  }

  killProducer(place: number, isPowerLoss: boolean): void {
    const producer = this.producers[place]!;
    producer.forget();
    this.#kill(producer, isPowerLoss);
  }

  countEnd(what: string): void {
    this.restarts[what] = (this.restarts[what] ?? 0) + 1;
  }

  #kill(one: ProducerProcess | ConsumerProcess, isPowerLoss: boolean): void {
    one.process.kill();
    this.#ending.delete(one);
    for (const link of this.network.linksOf(one.process)) link.abandon(isPowerLoss);
  }

  #end(one: ProducerProcess | ConsumerProcess, ended: Promise<void>): void {
    this.#ending.add(one);
    const { ledger } = this;
    void ended.then(() => {
      this.#ending.delete(one);
      const { process } = one;
      if (process.pending > 0) {
        ledger.violated("what ended leaves no timer", `${process.name}: ${process.pending}`);
      }
    }, (error) => ledger.violated("a stop does not fail", `${one.process.name}: ${error}`));
  }

  async #until(rule: string, ms: number, isSo: () => boolean): Promise<void> {
    const { timeline, ledger } = this;
    if (await timeline.run(isSo, timeline.now + ms)) return;
    const { pending, open } = ledger;
    const names = [...this.#ending].map(({ process }) => process.name);
    ledger.violated(rule, `${pending} calls, ${open} jobs, ${names.join(", ")}`);
  }

  /** What has to be so at the end. */
  #judge(): void {
    const { ledger } = this;
    const { state } = this.server;
    for (const entry of ledger.entries()) {
      const { jid, promised, pushes, handed, removed, dead } = entry;
      if (promised === "had" && handed + removed + dead === 0) {
        ledger.violated("what was promised runs", `${jid}, pushed ${pushes} times`);
      }
    }
    if (state === undefined) return;
    const { queues, scheduled, retries, working, dead } = state.snapshot();
    const waiting = Object.values(queues).reduce((sum, size) => sum + size, 0);
    let deadInLedger = 0;
    for (const entry of ledger.entries()) deadInLedger += entry.dead;
    const has = { waiting, scheduled, retries, working, dead };
    const due = { waiting: 0, scheduled: 0, retries: 0, working: 0, dead: deadInLedger };
    if (JSON.stringify(has) !== JSON.stringify(due)) {
      ledger.violated("the server has what the ledger says", JSON.stringify({ has, due }));
    }
    state.close();
  }
}

function engineName(): string {
  const { Deno, Bun, process } = globalThis as {
    Deno?: { version: { deno: string; v8: string } };
    Bun?: { version: string };
    process?: { versions: Record<string, string> };
  };
  if (Deno !== undefined) return `deno ${Deno.version.deno} (v8 ${Deno.version.v8})`;
  if (Bun !== undefined) return `bun ${Bun.version}`;
  return `node ${process?.versions["node"]} (v8 ${process?.versions["v8"]})`;
}
