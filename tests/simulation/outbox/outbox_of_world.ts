import { Crew } from "../crew.ts";
import type { Ledger } from "../ledger.ts";
import type { Network } from "../network.ts";
import { SimulatedProcess } from "../process.ts";
import type { Random } from "../random.ts";
import type { ServerHost } from "../server_host.ts";
import type { Storm } from "../storm.ts";
import { someMs } from "../strike.ts";
import type { Timeline } from "../timeline.ts";
import { CalmOutbox } from "./calm.ts";
import { SimulatedDatabase } from "./database.ts";
import type { OutboxPlan } from "./plan.ts";
import { type OutboxLoad, OutboxProgram } from "./program.ts";
import { OutboxRules } from "./rules.ts";
import { outboxStorm } from "./storm.ts";

/** The parts of a world that its outbox uses. */
export interface OutboxParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly server: ServerHost;
  readonly random: Random;
  readonly queues: readonly string[];
  /** Number of ended programs, by kind of end. */
  readonly restarts: Record<string, number>;
}

/** Share of a world's jobs that come through the outbox while there are faults. */
const SHARE = 0.2;

/** Longest time until the outbox is empty, and until its programs have stopped, in milliseconds. */
const EMPTY_MS = 30 * 60_000;
const STOP_MS = 5 * 60_000;

/**
 * Shortest time between two jobs that are inserted to get refused jobs out of the outbox, in ms.
 */
const MORE_MS = 10_000;

/** The outbox of a world: a database, the programs that use it, their faults, and their judge. */
export class OutboxOfWorld {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly server: ServerHost;
  readonly random: Random;
  readonly plan: OutboxPlan;
  readonly rules: OutboxRules;
  readonly database: SimulatedDatabase;
  readonly crew: Crew<OutboxProgram>;
  readonly load: OutboxLoad;
  readonly #storm: Storm<OutboxOfWorld>;
  #isCalm = false;

  constructor(parts: OutboxParts, plan: OutboxPlan, jobs: number) {
    const { timeline, network, ledger, server, random, queues, restarts } = parts;
    this.timeline = timeline;
    this.network = network;
    this.ledger = ledger;
    this.server = server;
    this.random = random;
    this.plan = plan;
    this.load = { left: Math.ceil(jobs * SHARE), next: 0, areScheduled: false };
    const relays = plan.programs.filter(({ hasRelay }) => hasRelay);
    const isOrdered = relays.length === 1 && relays[0]!.producer.ordered === true;
    const rules = this.rules = new OutboxRules(ledger, isOrdered);
    const { databaseClock } = plan;
    const machine = new SimulatedProcess("database", timeline, databaseClock);
    const database = this.database = new SimulatedDatabase(machine, random.fork(), rules);
    this.crew = new Crew({
      ...{ name: "outbox program", size: plan.programs.length, timeline, network, ledger },
      ends: restarts,
      make: (place, name) =>
        new OutboxProgram(name, plan.programs[place]!, {
          ...{ timeline, network, ledger, random: random.fork(), database, rules, plan, queues },
          load: this.load,
        }),
    });
    this.#storm = outboxStorm(this, random.fork());
    ledger.pushWatchers.push((push) => rules.pushed(push));
  }

  /** Number of faults by kind. */
  get counts(): Readonly<Record<string, number>> {
    return this.#storm.counts;
  }

  start(): void {
    this.crew.start();
    this.#storm.begin();
  }

  /** Ends all faults. */
  heal(): void {
    this.#storm.end();
    this.#isCalm = true;
    for (const { client } of this.#programs) client.heal();
  }

  /** Returns a function that kills the program, and starts another one in its place later. */
  killer(program: OutboxProgram, random: Random, downMs = someMs(random, 20_000)): () => void {
    const isPowerLoss = random.chance(0.3);
    const isOfStorm = !this.#isCalm;
    return () => {
      const { crew } = this;
      if (isOfStorm && this.#isCalm) return;
      const place = crew.places.find((place) => crew.at(place) === program);
      if (place === undefined || program.process.isDead) return;
      crew.kill(place, { isPowerLoss, downMs });
      program.client.ended(isPowerLoss);
    };
  }

  /** Kills the database: open transactions are rolled back. Returns false if it cannot die. */
  killDatabase(downMs: number): boolean {
    // SQLite is a part of the programs.
    if (this.plan.dialect === "sqlite") return false;
    this.database.abort();
    for (const { client } of this.#programs) {
      client.unreachableUntil = this.timeline.now + downMs;
    }
    return true;
  }

  /** Continues without random faults, then empties the outbox and stops its programs. */
  async finish(): Promise<void> {
    const { crew, ledger, rules } = this;
    crew.start();
    rules.calmFrom = this.timeline.now;
    await new CalmOutbox(this).run();
    const { timeline, load } = this;
    const isEmpty = () => rules.left === 0 && !this.#programs.some(({ isWriting }) => isWriting);
    const until = timeline.now + EMPTY_MS;
    load.left = 0;
    while (!await timeline.run(isEmpty, timeline.now + MORE_MS) && timeline.now < until) {
      // A batch of refused jobs alone looks like an outage, until another job is accepted.
      load.left = 1;
      await timeline.run(() => load.left === 0, timeline.now + MORE_MS);
      load.left = 0;
    }
    crew.stop(25_000);
    const isOver = () => crew.ending.length === 0;
    if (!await timeline.run(isOver, timeline.now + STOP_MS)) {
      const names = crew.ending.map(({ process }) => process.name);
      ledger.violated("every program with an outbox ends", names.join(", "));
    }
    rules.judge(this.database.rows);
  }

  get #programs(): OutboxProgram[] {
    const { crew } = this;
    return [...crew.places.map((place) => crew.at(place)), ...crew.ending];
  }
}
