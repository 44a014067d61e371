import { Producer } from "../../../mod.ts";
import type { JobFields } from "../../../src/job/job.ts";
import { Outbox, type OutboxDatabase, type OutboxRelay } from "../../../src/outbox/mod.ts";
import type { Member } from "../crew.ts";
import type { Ledger } from "../ledger.ts";
import type { Network } from "../network.ts";
import { SimulatedProcess } from "../process.ts";
import type { Random } from "../random.ts";
import { REFUSED_TYPE } from "../server_watch.ts";
import type { Timeline } from "../timeline.ts";
import type { SimulatedDatabase } from "./database.ts";
import { type DatabaseClient, PostgresClient, SqliteClient } from "./database_client.ts";
import type { OutboxPlan, OutboxProgramPlan } from "./plan.ts";
import type { JudgedRelay, OutboxRules } from "./rules.ts";

/** The jobs that all programs together still have to insert. */
export interface OutboxLoad {
  left: number;
  /** Number of the next job. */
  next: number;
  /** True if all jobs have a time. */
  areScheduled: boolean;
}

/** Parts of an {@linkcode OutboxProgram}. */
export interface OutboxProgramParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly database: SimulatedDatabase;
  readonly rules: OutboxRules;
  readonly plan: OutboxPlan;
  readonly queues: readonly string[];
  readonly load: OutboxLoad;
}

/** Delay of jobs that must not be due while they may be pushed again, in milliseconds. */
const SCHEDULED_MS = 240_000;

/** Difference between two clocks in the time of a stop, in milliseconds. */
const ROUNDING_MS = 50;

/** Longest time of a stop of a relay after its limit, in milliseconds. */
const STOP_MS = 500;

/** A program that inserts jobs in transactions, runs a relay, or both. */
export class OutboxProgram implements Member, JudgedRelay {
  readonly process: SimulatedProcess;
  readonly client: DatabaseClient;
  readonly claimSeconds: number;
  readonly pollMs: number;
  readonly commandTimeoutMs: number;
  isStopping = false;
  gaveUpAt = -Infinity;
  relay: OutboxRelay | undefined;
  readonly #parts: OutboxProgramParts;
  readonly #plan: OutboxProgramPlan;
  readonly #outbox: Outbox;
  #producer: Producer | undefined;
  #relaying: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  /** True if its relay has stopped. */
  #isClosed = false;
  #rejections = 0;
  #draining = 0;
  /** True while it has a transaction. */
  isWriting = false;
  wroteAt = -Infinity;

  constructor(name: string, plan: OutboxProgramPlan, parts: OutboxProgramParts) {
    const { timeline, database, random, plan: { dialect } } = this.#parts = parts;
    this.#plan = plan;
    this.process = new SimulatedProcess(name, timeline, plan.clock);
    const Client = dialect === "postgres" ? PostgresClient : SqliteClient;
    this.client = new Client(database, this.process, random.fork());
    this.#outbox = new Outbox();
    const { claimSeconds, pollMs } = plan.relay;
    this.claimSeconds = claimSeconds;
    this.pollMs = pollMs;
    this.commandTimeoutMs = plan.producer.commandTimeoutMs!;
    parts.rules.register(this);
    this.client.onRows = (rows) => parts.rules.claimed(this, rows.map(({ id }) => id));
  }

  get hasRelay(): boolean {
    return this.#plan.hasRelay;
  }

  async run(): Promise<void> {
    if (this.#plan.hasRelay) this.#relaying = this.#relay();
    if (this.#plan.hasWriter) this.#writing = this.#write();
    await Promise.all([this.#relaying, this.#writing]);
  }

  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    const { ledger } = this.#parts;
    const { process } = this;
    const begunAt = process.timeline.now;
    const since = process.elapsed();
    const report = await this.relay?.stop({ timeoutMs: graceMs });
    this.#isClosed = true;
    const tookMs = process.elapsed() - since;
    if (tookMs >= graceMs - ROUNDING_MS) this.gaveUpAt = process.timeline.now;
    if (
      tookMs > graceMs + STOP_MS && this.client.pauses.every(({ atMs, ms }) => atMs + ms < begunAt)
    ) {
      ledger.violated("a stop ends in time", `${process.name}: ${tookMs} ms, not ${graceMs} ms`);
    }
    if (report !== undefined) this.#parts.rules.reported(this, report);
    if (report !== undefined && report.rejected !== this.#rejections) {
      ledger.violated("a relay reports each refused job", process.name);
    }
    if (this.#draining > 0) {
      await process.sleep(1);
      if (this.#draining > 0) ledger.violated("every call settles", `drain of ${process.name}`);
    }
    await this.#producer?.close();
    await this.#writing;
    await this.#relaying;
    await this.#producer?.close();
  }

  /** Pushes what is in the table, as a program that runs from time to time. */
  async drain(): Promise<boolean> {
    this.#draining++;
    try {
      await this.relay?.drain();
      return true;
    } catch {
      return false;
    } finally {
      this.#draining--;
    }
  }

  /** Inserts jobs in a transaction that takes a while and is rolled back. */
  async rollBack(ms: number): Promise<void> {
    if (this.isWriting || this.isStopping) return;
    this.isWriting = true;
    try {
      await this.client.transaction(async (database) => {
        await this.#insert(database, [this.#job()]);
        await this.process.sleep(ms);
      }, "ROLLBACK");
    } catch {
      this.#parts.ledger.count("outbox: transactions that failed");
    } finally {
      this.isWriting = false;
      this.wroteAt = this.process.timeline.now;
    }
  }

  async #relay(): Promise<void> {
    const { ledger, rules } = this.#parts;
    const { process, client } = this;
    const producer = this.#producer = await this.#connect();
    if (producer === undefined || this.isStopping) return;
    const relay = this.relay = this.#outbox.relay(client.value, producer, {
      ...this.#plan.relay,
      clock: process,
    });
    relay.on("error", ({ error }) => {
      if (!this.isStopping && this.#draining === 0) rules.failed(this, error);
    });
    relay.on("reject", () => this.#rejections++);
    relay.on("listenerError", ({ error }) => ledger.violated("no listener throws", String(error)));
    client.onStatement = (sql) => {
      if (!this.#isClosed || process.isDead) return;
      ledger.violated("a relay that has stopped writes nothing", `${process.name}: ${sql}`);
    };
  }

  /** Resolves to `undefined` if the program is stopped first. */
  async #connect(): Promise<Producer | undefined> {
    while (!this.isStopping) {
      try {
        return await Producer.connect({
          ...this.#plan.producer,
          url: "tcp://simulated:7419",
          transport: this.#parts.network.transport(this.process),
          clock: this.process,
        });
      } catch {
        await this.process.sleep(500);
      }
    }
    return undefined;
  }

  async #write(): Promise<void> {
    const { random, load, plan: { everyMs } } = this.#parts;
    while (!this.isStopping) {
      await this.process.sleep(1 + random.int(2 * everyMs));
      if (load.left > 0 && !this.isStopping) await this.#transaction();
    }
  }

  async #transaction(): Promise<void> {
    const { random, load, ledger } = this.#parts;
    const { client, process } = this;
    const count = Math.min(
      load.left,
      random.chance(0.1) ? random.between(10, 60) : random.between(1, 6),
    );
    load.left -= count;
    const jobs = Array.from({ length: count }, () => this.#job());
    const end = random.chance(0.85) ? "COMMIT" : "ROLLBACK";
    const work = async (database: OutboxDatabase) => {
      const middle = random.int(jobs.length + 1);
      for (const part of [jobs.slice(0, middle), jobs.slice(middle)]) {
        await this.#insert(database, part);
        // The program has other things to do in the transaction.
        if (random.chance(0.3)) await process.sleep(random.int(random.chance(0.9) ? 50 : 5000));
      }
    };
    this.isWriting = true;
    try {
      await client.transaction(work, end);
      if (end === "COMMIT" && random.chance(0.5)) this.relay?.wake();
    } catch {
      ledger.count("outbox: transactions that failed");
    } finally {
      this.isWriting = false;
      this.wroteAt = this.process.timeline.now;
    }
  }

  async #insert(database: OutboxDatabase, jobs: readonly JobFields[]): Promise<void> {
    const { random, ledger, rules } = this.#parts;
    const isSync = "prepare" in database && random.chance(0.5);
    const jids = isSync
      ? this.#outbox.insertSync(database, jobs)
      : await this.#outbox.insert(database, jobs);
    if (
      jids.length !== jobs.length || jobs.some(({ jid }, i) => jid !== undefined && jid !== jids[i])
    ) {
      ledger.violated("insert returns the ids of its jobs", JSON.stringify(jids));
    }
    rules.inOrder(jids);
  }

  #job(): JobFields {
    const { random, load, plan, queues } = this.#parts;
    const number = load.next++;
    const chance = random.next();
    const unique = plan.isUnique ? { for: 3600, until: "success" } as const : undefined;
    const job: JobFields = {
      ...random.chance(0.1) ? {} : { jid: `outbox-${String(number).padStart(6, "0")}` },
      type: chance < 0.01 ? REFUSED_TYPE : "one",
      args: [
        random.pick(["works", "works", "works", "waits"]),
        random.int(200),
        number,
      ],
      queue: random.pick(queues),
      retry: 25,
      reserveFor: 60,
      unique,
    };
    if (chance < 0.9 && !load.areScheduled) return job;
    // Both are measured by the clock of the program.
    const ms = load.areScheduled ? SCHEDULED_MS : random.between(1, 60) * 1000;
    return random.chance(0.5) ? { ...job, delay: ms } : {
      ...job,
      at: new Date(this.process.now() + ms),
    };
  }
}
