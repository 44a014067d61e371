import { cpuUsage } from "node:process";
import { Admin } from "./admin.ts";
import { BatchesOfWorld } from "./batches.ts";
import { Cancels } from "./cancels.ts";
import { type ConsumerPlan, ConsumerProcess } from "./consumers.ts";
import { Crew, type Member } from "./crew.ts";
import { FlowKills } from "./flow_kills.ts";
import { Flows } from "./flows.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { OutboxOfWorld } from "./outbox/outbox_of_world.ts";
import { planOf, type WorldPlan } from "./plan.ts";
import { type Load, ProducerProcess } from "./producers.ts";
import { Random, seeded } from "./random.ts";
import type { StorageKind, WorldOptions, WorldResult } from "./result.ts";
import { watchFirings } from "./schedule_checks.ts";
import { SchedulerProcess } from "./schedules.ts";
import { ServerDisk } from "./server_disk.ts";
import { ServerHost } from "./server_host.ts";
import type { Storm } from "./storm.ts";
import { stormOf } from "./strikes.ts";
import { Timeline } from "./timeline.ts";
import { runWorld } from "./world_run.ts";

/** Share of the jobs that are enqueued while there are faults, 0 to 1. */
export const STORM_SHARE = 0.95;

/** Creates the world of a seed, simulates it to its end, and judges it. */
export async function simulateWorld(options: WorldOptions): Promise<WorldResult> {
  const since = performance.now();
  const cpu = cpuUsage();
  const random = new Random(options.seed);
  const timeline = new Timeline();
  const chance = {
    random: random.fork(),
    nowMs: () => timeline.now,
    hasStacks: options.tell !== undefined,
  };
  const world = new World(options, timeline, random);
  const { tell } = options;
  world.ledger.tell = tell && ((jid, what) => tell(jid, what, timeline.now));
  await seeded(chance, () => runWorld(world));
  const { user, system } = cpuUsage(cpu);
  return world.result({
    seconds: (performance.now() - since) / 1000,
    cpuSeconds: (user + system) / 1e6,
  });
}

/** A simulated world: producers, consumers, schedulers, a server, a network and a disk. */
export class World {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly plan: WorldPlan;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly server: ServerHost;
  readonly load: Load;
  readonly producers: Crew<ProducerProcess>;
  readonly consumers: Crew<ConsumerProcess>;
  readonly schedulers: Crew<SchedulerProcess>;
  readonly flows: Flows;
  readonly flowKills: FlowKills | undefined;
  readonly batches: BatchesOfWorld | undefined;
  readonly cancels: Cancels | undefined;
  readonly outbox: OutboxOfWorld | undefined;
  readonly admin: Admin;
  readonly storage: StorageKind;
  /** True after the last random fault. */
  isCalm = false;
  readonly restarts: Record<string, number> = {};
  readonly options: WorldOptions;
  readonly storm: Storm<World>;
  /** The disk of the server, if there is one. */
  readonly disk: ServerDisk | undefined;

  constructor(options: WorldOptions, timeline: Timeline, random: Random) {
    this.options = options;
    this.timeline = timeline;
    this.random = random;
    const plan = this.plan = planOf(random.fork());
    const ledger = this.ledger = new Ledger(() => timeline.now);
    const network = this.network = new Network(random.fork(), plan.weather);
    const { queues, hasLargeJobs } = plan;
    // With few slots, many long jobs would take days.
    const slots = plan.consumers.reduce((sum, one) => sum + slotsOf(one), 0);
    const longShare = Math.min(1, slots / 100);
    this.load = {
      ...{ left: Math.ceil(options.jobs * STORM_SHARE), queues, hasLargeJobs, longShare },
      ...{ areDelayed: false },
      hasTerms: plan.hasTerms,
    };
    this.flows = new Flows({ timeline, network, ledger, queues, random: random.fork() });
    this.storage = options.storage ?? plan.storage;
    this.disk = this.storage === "disk"
      ? new ServerDisk({ timeline, random: random.fork() })
      : undefined;
    this.server = new ServerHost({
      timeline,
      network,
      ledger,
      random: random.fork(),
      plan: plan.server,
      storage: this.disk,
    });
    this.consumers = this.#crew(
      "consumer",
      plan.consumers.length,
      (place, name) =>
        new ConsumerProcess(name, plan.consumers[place]!, { ...this, random: random.fork() }),
    );
    this.producers = this.#crew(
      "producer",
      plan.producers.length,
      (place, name) =>
        new ProducerProcess(name, plan.producers[place]!, { ...this, random: random.fork() }),
    );
    const { schedule } = plan;
    this.schedulers = this.#crew(
      "scheduler",
      schedule?.clocks.length ?? 0,
      (place, name) => new SchedulerProcess(name, schedule!, schedule!.clocks[place]!, this),
    );
    this.admin = new Admin({ ...this, random: random.fork(), queues: plan.queues });
    watchFirings(this);
    this.storm = stormOf(this);
    // Drawn last, so that other worlds stay the same.
    if (plan.batches > 0) {
      this.batches = new BatchesOfWorld({
        timeline,
        network,
        ledger,
        queues,
        random: random.fork(),
      });
    }
    if (plan.cancelEveryMs !== undefined) {
      this.cancels = new Cancels({ timeline, network, ledger, random: random.fork() });
    }
    if (plan.outbox !== undefined) {
      this.outbox = new OutboxOfWorld(
        { ...this, queues, random: random.fork() },
        plan.outbox,
        options.jobs,
      );
    }
    if (plan.flows > 0) this.flowKills = new FlowKills(this, random.fork());
  }

  result(cost: Pick<WorldResult, "seconds" | "cpuSeconds">): WorldResult {
    const { ledger, timeline, network } = this;
    return {
      seed: this.options.seed,
      planned: this.options.jobs,
      jobs: ledger.taken,
      minutes: Math.round(timeline.now / 6000) / 10,
      storage: this.storage,
      faults: {
        ...network.counts,
        ...this.disk?.counts,
        ...this.storm.counts,
        ...this.outbox?.counts,
        ...this.flowKills?.counts,
      },
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

  #crew<M extends Member>(
    name: string,
    size: number,
    make: (place: number, name: string) => M,
  ): Crew<M> {
    return new Crew({ ...this, name, size, make, ends: this.restarts });
  }
}

/** Returns the smallest number of slots of a consumer. */
function slotsOf({ options: { concurrency = 10, limits = {} } }: ConsumerPlan): number {
  const limited = Object.values(limits.queues ?? {}).map((limit) => limit.concurrency ?? Infinity);
  return Math.min(concurrency, ...limited);
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
