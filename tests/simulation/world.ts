import { cpuUsage } from "node:process";
import { createJid } from "../../src/job/jid.ts";
import { Admin } from "./admin.ts";
import { CalmPhase } from "./calm.ts";
import { BatchesOfWorld } from "./batches.ts";
import { Cancels, countMarks } from "./cancels.ts";
import { type ConsumerPlan, ConsumerProcess } from "./consumers.ts";
import { Crew, type Member } from "./crew.ts";
import { Flows } from "./flows.ts";
import { peekJob } from "../../src/server/stored_job.ts";
import type { Entry } from "./entry.ts";
import { cutConnections, watchFetches, watchIdle } from "./idle_checks.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { OutboxOfWorld } from "./outbox/outbox_of_world.ts";
import { planOf, type WorldPlan } from "./plan.ts";
import { type Load, ProducerProcess } from "./producers.ts";
import { Random, seeded } from "./random.ts";
import type { StorageKind, WorldOptions, WorldResult } from "./result.ts";
import { firingOf, SchedulerProcess } from "./schedules.ts";
import { ServerDisk } from "./server_disk.ts";
import { ServerHost } from "./server_host.ts";
import { Storm } from "./storm.ts";
import { Timeline } from "./timeline.ts";

/** Longest time until all calls are settled after the last fault, in milliseconds. */
const SETTLE_MS = 30 * 60_000;

/** Longest time until the calls of producers settle after the last fault, in milliseconds. */
const CALLS_MS = 100_000;

/** Share of the jobs that are enqueued while there are faults, 0 to 1. */
const STORM_SHARE = 0.95;

/** Longest time until all jobs have ended after that, in milliseconds. */
const DRAIN_MS = 12 * 3_600_000;

/** Longest time until all programs have stopped, in milliseconds. */
const STOP_MS = 5 * 60_000;

/** A time that is longer than any run of a handler, in milliseconds. */
const QUIET_MS = 100_000;

/** Time for which schedules continue after the last fault, in milliseconds. */
const CALM_MS = 12 * 60_000;

/** Longest time for which a fault of a process can have effects if its clock is right, in ms. */
const GUARD_MS = 180_000;

/** Longest delay of a job of a schedule after the last fault, in milliseconds. */
const LATE_MS = 120_000;

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
  await seeded(chance, () => world.run());
  const { user, system } = cpuUsage(cpu);
  return world.result({
    seconds: (performance.now() - since) / 1000,
    cpuSeconds: (user + system) / 1e6,
  });
}

/** Makes the library draw a new id prefix, so that the next ids come from this world's numbers. */
function startIds(): void {
  const before = createJid().slice(0, -2);
  while (createJid().startsWith(before));
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
  readonly batches: BatchesOfWorld | undefined;
  readonly cancels: Cancels | undefined;
  readonly outbox: OutboxOfWorld | undefined;
  readonly admin: Admin;
  readonly storage: StorageKind;
  /** True after the last random fault. */
  isCalm = false;
  readonly restarts: Record<string, number> = {};
  readonly #options: WorldOptions;
  readonly #storm: Storm;
  /** The disk of the server, if there is one. */
  readonly disk: ServerDisk | undefined;

  constructor(options: WorldOptions, timeline: Timeline, random: Random) {
    this.#options = options;
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
    ledger.onOtherAgain = (entry) => this.#cameAgain(entry);
    this.#storm = new Storm(this);
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
  }

  async run(): Promise<void> {
    const { timeline, ledger, load, plan } = this;
    startIds();
    void this.server.start();
    await this.#until("a server starts", STOP_MS, () => this.server.state !== undefined);
    this.consumers.start();
    this.producers.start();
    this.schedulers.start();
    watchFetches(this);
    void this.flows.start(plan.flows, 500);
    void this.batches?.start(plan.batches, 500);
    void this.cancels?.start(plan.cancelEveryMs!);
    this.outbox?.start();
    this.#storm.begin();
    const minutes = this.#options.minutes ?? 30;
    await timeline.run(() => load.left === 0, minutes * 60_000);
    load.left = 0;
    await timeline.run(() => false, timeline.now + plan.aftermathMs);
    this.#storm.end();
    this.isCalm = true;
    this.cancels?.stop();
    this.network.heal();
    this.disk?.heal();
    this.outbox?.heal();
    await this.#settleCalls();
    await new CalmPhase(this, this.#options.jobs * (1 - STORM_SHARE)).run();
    this.producers.stop(0);
    await this.#until(
      "every call settles, and every producer ends",
      SETTLE_MS,
      () => this.producers.ending.length === 0 && this.#isStarted,
    );
    await this.outbox?.finish();
    void this.admin.insist("resume all queues");
    this.consumers.start();
    for (const place of this.consumers.places) {
      this.consumers.at(place).consumer.setQueues([...plan.queues]);
    }
    await this.#finishSchedules();
    watchIdle(this);
    // A handler that still runs after a FLUSH may requeue its job.
    const hasEnded = () => ledger.open === this.#countLeft() && this.batches?.areOver !== false;
    for (let isOver = false; !isOver; isOver = hasEnded()) {
      if (!await this.#until("every job ends", DRAIN_MS, hasEnded)) {
        break;
      }
      await cutConnections(this);
      await timeline.run(() => false, timeline.now + QUIET_MS);
    }
    void this.admin.stop();
    this.consumers.stop(5000);
    await this.#until("every consumer ends", STOP_MS, () => this.consumers.ending.length === 0);
    await this.#until("every connection ends", STOP_MS, () => this.#isAlone);
    this.#judge();
  }

  result(cost: Pick<WorldResult, "seconds" | "cpuSeconds">): WorldResult {
    const { ledger, timeline, network } = this;
    return {
      seed: this.#options.seed,
      planned: this.#options.jobs,
      jobs: ledger.taken,
      minutes: Math.round(timeline.now / 6000) / 10,
      storage: this.storage,
      faults: {
        ...network.counts,
        ...this.disk?.counts,
        ...this.#storm.counts,
        ...this.outbox?.counts,
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

  /** Waits until producers can reach the server again, and checks that their calls settle. */
  async #settleCalls(): Promise<void> {
    const { timeline, ledger, producers, server } = this;
    const isSettled = () => producers.places.every((place) => producers.at(place).open === 0);
    const healedAt = timeline.now;
    await timeline.run(isSettled, healedAt + CALLS_MS);
    for (const place of producers.places) {
      const { open, process } = producers.at(place);
      const isCalm = process.troubledAt <= healedAt + 2 && server.state !== undefined &&
        ledger.server.troubledAt < healedAt;
      if (open > 0 && isCalm) {
        ledger.violated("every call settles without a stop", `${open} of ${process.name}`);
      }
    }
  }

  /** Lets the schedules continue for a while without faults, and checks their jobs. */
  async #finishSchedules(): Promise<void> {
    const { timeline, plan: { schedule }, ledger } = this;
    if (schedule === undefined) return;
    this.schedulers.start();
    const from = timeline.now + CALM_MS / 2;
    await timeline.run(() => false, timeline.now + CALM_MS);
    const seen = new Set<string>();
    for (const { jid, pushes } of ledger.entries()) {
      const firing = firingOf(jid);
      if (firing !== undefined && pushes > 0) seen.add(`${firing.name} ${firing.seconds}`);
    }
    const serverNow = this.server.process.now();
    const worldAt = (ms: number) => serverNow - timeline.now + ms;
    for (const every of new Set(schedule.everySeconds)) {
      const first = Math.ceil(worldAt(from) / 1000 / every) * every;
      // The server checks its scheduled jobs every five seconds, and a consumer must run the job.
      for (let at = first; at * 1000 < serverNow - LATE_MS; at += every) {
        const name = `every-${every}s ${at}`;
        if (!seen.has(name)) ledger.violated("a schedule fires", name);
        else ledger.count("firings that were looked at");
      }
    }
    this.schedulers.stop(0);
    await this.#until(
      "every schedule ends",
      STOP_MS,
      () => this.schedulers.ending.length === 0,
    );
  }

  /** Called when a job that the library itself creates is pushed again. */
  #cameAgain({ jid, removed }: Entry): void {
    if (firingOf(jid) === undefined) return;
    const { ledger, timeline, schedulers } = this;
    const since = timeline.now - GUARD_MS;
    // A schedule allows 30 seconds for a command, if the clock of the server is not set.
    const isTroubled = ledger.server.jumpedAt >= 0 || ledger.server.troubledAt >= since ||
      schedulers.killedAt >= since ||
      schedulers.places.some((place) => schedulers.at(place).process.troubledAt >= since);
    if (removed > 0 || isTroubled) return ledger.count("firings that came again after trouble");
    ledger.violated("a firing is enqueued once", jid);
  }

  #crew<M extends Member>(
    name: string,
    size: number,
    make: (place: number, name: string) => M,
  ): Crew<M> {
    return new Crew({ ...this, name, size, make, ends: this.restarts });
  }

  async #until(rule: string, ms: number, isSo: () => boolean): Promise<boolean> {
    const { timeline, ledger } = this;
    if (await timeline.run(isSo, timeline.now + ms)) return true;
    const ending = [...this.producers.ending, ...this.consumers.ending];
    const names = ending.map(({ process }) => process.name);
    for (const { jid, promised, producer, waiting, working } of ledger.entries()) {
      const isPending = promised === "nothing" && producer?.isDead === false;
      if (isPending || waiting + working > 0) names.push(jid);
      if (names.length > 5) break;
    }
    const { connections, waiting, workers } = this.server.state?.snapshot() ?? {};
    const clients = `${connections} connections, ${waiting} FETCHes, ${workers} workers`;
    ledger.violated(rule, `${ledger.open} jobs, ${clients}: ${names.join(", ")}`);
    return false;
  }

  /** True if no workflow, batch or cancellation is in progress. */
  get #isStarted(): boolean {
    return this.flows.starting === 0 && (this.batches?.starting ?? 0) === 0 &&
      this.cancels?.isIdle !== false;
  }

  /** Number of jobs that may remain on the server. */
  #countLeft(): number {
    const { state } = this.server;
    return state === undefined ? 0 : this.flows.countLeft(state) + countMarks(state);
  }

  /** True if the server has no clients. */
  get #isAlone(): boolean {
    const snapshot = this.server.state?.snapshot();
    if (snapshot === undefined) return false;
    return snapshot.connections + snapshot.waiting + snapshot.workers === 0;
  }

  /** Checks the state at the end. */
  #judge(): void {
    const { ledger } = this;
    const { state } = this.server;
    this.flows.judge();
    this.batches?.judge();
    ledger.runs.checkAnnounced();
    for (const entry of ledger.entries()) {
      const { jid, promised, pushes, handed, removed, dead } = entry;
      if (promised === "accepted" && handed + removed + dead === 0 && !entry.isRefusedAsEqual) {
        ledger.violated("a confirmed job runs", `${jid}, pushed ${pushes} times`);
      }
    }
    if (state === undefined) return;
    const { queues: sizes, scheduled, retries, working, dead } = state.snapshot();
    const waiting = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    let deadInLedger = 0;
    for (const entry of ledger.entries()) deadInLedger += entry.dead;
    const has = { waiting, scheduled, retries, working, dead };
    const due = { pending: this.#countLeft(), working: 0, dead: deadInLedger };
    const isSame = waiting + scheduled + retries === due.pending;
    if (!isSame || working !== due.working || dead !== due.dead) {
      const { queues } = state.context.manager;
      const some = queues.names().flatMap((name) =>
        queues.page(name, 0, 3).map((payload) => `${name}: ${peekJob(payload).jid}`)
      );
      ledger.violated("the server and the ledger agree", JSON.stringify({ has, due, some }));
    }
    state.close();
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
