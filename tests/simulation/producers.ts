import {
  ConnectionLostError,
  Job,
  Producer,
  type ProducerOptions,
  ServerError,
  StateError,
} from "../../mod.ts";
import type { JobFields } from "../../src/job/job.ts";
import { type Behaviour, BEHAVIOURS } from "./consumers.ts";
import type { Member } from "./crew.ts";
import type { Entry, Promised } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { REFUSED_TYPE } from "./spy_store.ts";
import type { Timeline } from "./timeline.ts";

/** Types of jobs that may have any of the plain behaviours. */
const TYPES = [
  ...Array.from({ length: 40 }, () => "one"),
  ...["many", "many", "many", "many", "steps", REFUSED_TYPE],
];

/** Longest time that a producer takes to stop: its calls have 25 seconds. */
const STOP_MS = 40_000;

/** Longest time of a call without trouble, and how long trouble may have effects. */
const SETTLE_MS = 4500;
const RECOVERY_MS = 60_000;

/** Buffers of a network that passes on what it gets at once. */
const WHOLE_BYTES = 65_536;

/** How a producer of a world is made. */
export interface ProducerPlan {
  readonly options: Omit<ProducerOptions, "url" | "transport" | "clock">;
  readonly clock: ClockError;
  /** Mean time between calls, in milliseconds. */
  readonly everyMs: number;
  /** Calls at a time, at most. */
  readonly maxOpen: number;
}

/** The jobs that are still to be enqueued, by all producers together. */
export interface Load {
  left: number;
  readonly hasLargeJobs: boolean;
  /** Of the jobs that would run for more than a minute, those that do. */
  readonly longShare: number;
  readonly queues: readonly string[];
}

export interface ProducerParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly load: Load;
}

/** A producer that tries so often is soon lost for good. */
const MAX_FEW_ATTEMPTS = 2;

/** How long a producer waits after a job that could not be sent, in milliseconds. */
const REST_MS = 1000;

/** A process with a producer. */
export class ProducerProcess implements Member {
  readonly process: SimulatedProcess;
  readonly #plan: ProducerPlan;
  readonly #parts: ProducerParts;
  #producer: Producer | undefined;
  #running: Promise<void> | undefined;
  /** Jobs of which it has not been told. */
  open = 0;
  isStopping = false;
  #hasFailedToSave = false;
  #restsUntil = 0;
  #isLost = false;

  constructor(name: string, plan: ProducerPlan, parts: ProducerParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.process = new SimulatedProcess(name, parts.timeline, plan.clock);
  }

  /** Connects, and enqueues jobs until there are none or it is stopped. */
  run(): Promise<void> {
    return this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { random, load } = this.#parts;
    const { everyMs, maxOpen } = this.#plan;
    let producer = this.#producer = await this.#connect();
    while (producer !== undefined && !this.isStopping) {
      if (this.#isLost) {
        // It has given up its connection: a program begins anew.
        this.#isLost = false;
        await producer.close();
        producer = this.#producer = await this.#connect();
        continue;
      }
      const isResting = this.process.timeline.now < this.#restsUntil;
      if (load.left > 0 && this.open < maxOpen && !isResting) this.#call(producer);
      await this.process.sleep(1 + random.int(2 * everyMs));
    }
  }

  /** Waits for its calls, and ends. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const [since, begunAt] = [this.process.elapsed(), this.process.timeline.now];
    await this.#producer?.close();
    await this.#running;
    // It may have connected meanwhile.
    await this.#producer?.close();
    await this.process.sleep(10);
    const { ledger } = this.#parts;
    const tookMs = this.process.elapsed() - since;
    if (tookMs > STOP_MS && this.process.pausedAt < begunAt) {
      ledger.violated("a stop ends in time", `${this.process.name}: ${tookMs} ms`);
    }
    if (this.open > 0) {
      ledger.violated("every call settles", `${this.open} of ${this.process.name}`);
    }
  }

  /** Gives none if it is stopped before. */
  async #connect(): Promise<Producer | undefined> {
    const { network } = this.#parts;
    while (!this.isStopping) {
      try {
        return await Producer.connect({
          ...this.#plan.options,
          url: "tcp://simulated:7419",
          transport: network.transport(this.process),
          clock: this.process,
        });
      } catch {
        await this.process.sleep(500);
      }
    }
    return undefined;
  }

  #call(producer: Producer): void {
    const { random } = this.#parts;
    const chance = random.next();
    if (chance < 0.5) return this.#each(producer, random.between(1, 8));
    if (chance < 0.6) return this.#each(producer, random.between(8, 64));
    if (chance < 0.95) return this.#many(producer, random.between(1, 48));
    this.#stream(producer, random.between(1, 100));
  }

  #each(producer: Producer, count: number): void {
    for (const [entry, job] of this.#jobs(count)) {
      producer.enqueue(job).then(
        () => this.#told(entry, "had"),
        (error) => this.#told(entry, this.#promisedBy(error), error),
      );
    }
  }

  #many(producer: Producer, count: number): void {
    const jobs = this.#jobs(count);
    producer.enqueueMany(jobs.map(([, job]) => job)).then(({ enqueued, failed }) => {
      const had = new Set(enqueued);
      for (const [entry] of jobs) {
        const { jid } = entry;
        const error = failed.get(jid);
        this.#told(entry, had.has(jid) ? "had" : this.#promisedBy(error), error);
      }
    }, (error) => {
      for (const [entry] of jobs) this.#told(entry, this.#promisedBy(error), error);
    });
  }

  #stream(producer: Producer, count: number): void {
    // A stream takes its jobs in its own time.
    const jobs = this.#jobs(count, false);
    const refused = new Map<string, unknown>();
    const stream = producer.writable({
      onFailed: (job, error) => void refused.set(job.jid!, error),
    });
    const writer = stream.getWriter();
    for (const [, job] of jobs) writer.write(job).catch(() => {});
    writer.close().then(() => {
      for (const [entry] of jobs) {
        const isRefused = refused.has(entry.jid);
        this.#settled(entry, isRefused ? this.#promisedBy(refused.get(entry.jid)) : "had");
      }
    }, () => {
      for (const [entry] of jobs) this.#settled(entry, "unknown");
    });
  }

  /** A call that was made at once has settled. */
  #told(entry: Entry, promised: Promised, error?: unknown): void {
    const { ledger, network: { weather }, timeline } = this.#parts;
    const { jid, calledAt } = entry;
    if (error instanceof StateError && error.code === "CLOSED") {
      ledger.violated("closing waits for calls", jid);
    }
    const troubledAt = Math.max(this.process.troubledAt, ledger.serverTroubledAt);
    const isCalm = troubledAt < calledAt - RECOVERY_MS && weather.sendBuffer >= WHOLE_BYTES &&
      weather.maxChunk >= WHOLE_BYTES;
    if (isCalm && timeline.now - calledAt > SETTLE_MS) {
      ledger.violated("a call over a whole connection settles soon", jid);
    }
    this.#settled(entry, promised);
  }

  #settled(entry: Entry, promised: Promised): void {
    this.open--;
    // Another one takes its place.
    if (entry.pushes === 0 && !this.isStopping) this.#parts.load.left++;
    const { ledger } = this.#parts;
    const { options: { delivery, reconnect } } = this.#plan;
    // More would come to the same, as long as there is no connection.
    if (promised === "not-sent" || promised === "unknown") {
      this.#restsUntil = this.process.timeline.now + REST_MS;
      this.#isLost = reconnect === false || (reconnect?.attempts ?? 10) <= MAX_FEW_ATTEMPTS;
    }
    const isTriedForEver = delivery === "at-least-once" && reconnect !== false &&
      reconnect?.attempts === Infinity;
    if (isTriedForEver && !this.isStopping && promised === "unknown" && !this.#hasFailedToSave) {
      ledger.violated("at least once is never unknown", entry.jid);
    }
    ledger.settled(entry, promised);
  }

  #jobs(
    count: number,
    isOrdered: boolean = this.#plan.options.ordered === true,
  ): [Entry, JobFields][] {
    const { ledger, load, random } = this.#parts;
    const jobs: [Entry, JobFields][] = [];
    for (let i = Math.min(count, load.left); i > 0; i--) {
      load.left--;
      this.open++;
      // A job that the library has given its id.
      const named = random.chance(0.1) ? new Job("one", []).jid : undefined;
      const entry = ledger.called(this.process, named);
      const job = this.#job(entry.jid);
      // A delay is counted by the server's clock, which has to be asked for first.
      entry.isOrdered = isOrdered && job.delay === undefined;
      entry.isOnce = this.#plan.options.delivery === "at-most-once";
      jobs.push([entry, job]);
    }
    return jobs;
  }

  #job(jid: string): JobFields {
    const { random, load } = this.#parts;
    const chance = random.next();
    let behaviour: Behaviour = chance < 0.8
      ? "works"
      : chance < 0.9
      ? "waits"
      : BEHAVIOURS[2 + Math.floor((chance - 0.9) * 10 * (BEHAVIOURS.length - 2) * 0.9999)]!;
    const isLong = behaviour === "runs too long" || behaviour === "ignores its signal";
    if (isLong && !random.chance(load.longShare)) behaviour = "works";
    const type = behaviour === "works" || behaviour === "waits" || behaviour === "fails" ||
        behaviour === "fails once"
      ? random.pick(TYPES)
      : "one";
    const job: JobFields = {
      jid,
      type,
      args: [
        behaviour,
        random.between(1, 400),
        ...load.hasLargeJobs && random.chance(0.002) ? ["x".repeat(random.int(200_000))] : [],
      ],
      queue: random.pick(load.queues),
      retry: random.chance(0.02) ? 0 : random.between(1, 4),
      reserveFor: 60,
    };
    if (random.chance(0.97)) return job;
    return { ...job, delay: random.between(1, 60) * 1000 };
  }

  #promisedBy(error: unknown): Promised {
    if (error instanceof ConnectionLostError) {
      return error.outcome === "not-sent" ? "not-sent" : "unknown";
    }
    // The disk has failed in the middle of it, so that the job may be there.
    if (!(error instanceof ServerError) || !error.message.includes("Cannot save")) return "refused";
    this.#hasFailedToSave = true;
    return "unknown";
  }
}
