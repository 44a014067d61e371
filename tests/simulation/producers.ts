import {
  ConnectionLostError,
  Job,
  Producer,
  type ProducerOptions,
  ServerError,
  StateError,
} from "../../mod.ts";
import type { JobFields } from "../../src/job/job.ts";
import { type Behaviour, BEHAVIOURS } from "./behaviours.ts";
import type { Member } from "./crew.ts";
import type { Entry, Promised } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { whenStopped } from "./rules/consumers.ts";
import { whenCallSettles, whenUnknown } from "./rules/pushes.ts";
import { REFUSED_TYPE } from "./server_watch.ts";
import type { Timeline } from "./timeline.ts";

/** Types of jobs that may have any of the plain behaviours. */
const TYPES = [
  ...Array.from({ length: 40 }, () => "one"),
  ...["many", "many", "many", "many", "steps", REFUSED_TYPE],
];

/** Longest time that a producer takes to stop: its calls have 25 seconds. */
const STOP_MS = 40_000;

/** Size of the network buffers from which calls are not slowed down, in bytes. */
const WHOLE_BYTES = 65_536;

/** The plan of a producer. */
export interface ProducerPlan {
  readonly options: Omit<ProducerOptions, "url" | "transport" | "clock">;
  readonly clock: ClockError;
  /** Mean time between calls, in milliseconds. */
  readonly everyMs: number;
  /** Maximum number of jobs in flight. */
  readonly maxOpen: number;
}

/** The jobs that all producers together still have to enqueue. */
export interface Load {
  left: number;
  /** True if every job gets a delay. */
  areDelayed: boolean;
  readonly hasLargeJobs: boolean;
  /** True if some jobs are unique, and some expire (Enterprise). */
  readonly hasTerms: boolean;
  /** Share of the jobs with a long behaviour that keep it, 0 to 1. */
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

/** A producer with at most this many attempts soon stops reconnecting. */
const MAX_FEW_ATTEMPTS = 2;

/** Pause of a producer after a job that could not be sent, in milliseconds. */
const REST_MS = 1000;

/** A process with a producer. */
export class ProducerProcess implements Member {
  readonly process: SimulatedProcess;
  readonly #plan: ProducerPlan;
  readonly #parts: ProducerParts;
  #producer: Producer | undefined;
  #running: Promise<void> | undefined;
  /** Number of jobs whose calls are not settled. */
  open = 0;
  isStopping = false;
  #hasFailedToSave = false;
  /** True if it is used again after it has stopped reconnecting. */
  readonly #isKept: boolean;
  #restsUntil = 0;
  #isLost = false;

  constructor(name: string, plan: ProducerPlan, parts: ProducerParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#isKept = parts.random.chance(0.5);
    this.process = new SimulatedProcess(name, parts.timeline, plan.clock);
  }

  /** True if its jobs must arrive in the order of its calls. */
  get isOrdered(): boolean {
    return this.#plan.options.ordered === true;
  }

  /** Connects, and enqueues jobs until none is left or it is stopped. */
  run(): Promise<void> {
    return this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { random, load } = this.#parts;
    const { everyMs, maxOpen } = this.#plan;
    let producer = this.#producer = await this.#connect();
    while (producer !== undefined && !this.isStopping) {
      if (this.#isLost) {
        // The producer has stopped reconnecting, so the program creates another one.
        this.#isLost = false;
        await producer.close();
        producer = this.#producer = await this.#connect();
        continue;
      }
      const isResting = this.process.timeline.now < this.#restsUntil;
      // Now and then it calls although many calls are not settled.
      const mayCall = this.open < maxOpen || random.chance(0.02);
      if (load.left > 0 && mayCall && !isResting) this.#call(producer);
      await this.process.sleep(1 + random.int(2 * everyMs));
    }
  }

  /** Waits for its calls, and ends. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const [since, atMs] = [this.process.elapsed(), this.process.timeline.now];
    await this.#producer?.close();
    await this.#running;
    // The producer may have connected meanwhile.
    await this.#producer?.close();
    await this.process.sleep(10);
    const { ledger } = this.#parts;
    const tookMs = this.process.elapsed() - since;
    ledger.judge(whenStopped, { process: this.process, atMs, tookMs, limitMs: STOP_MS });
    if (this.open > 0) {
      ledger.violated("every call settles", `${this.open} of ${this.process.name}`);
    }
  }

  /** Resolves to `undefined` if the process is stopped first. */
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
    if (chance < 0.605) return this.#each(producer, random.between(200, 600));
    if (chance < 0.95) return this.#many(producer, random.between(1, 48));
    this.#stream(producer, random.between(1, 100));
  }

  #each(producer: Producer, count: number): void {
    for (const [entry, job] of this.#jobs(count)) {
      producer.enqueue(job).then(
        () => this.#told(entry, "accepted"),
        (error) => this.#told(entry, this.#promisedBy(error), error),
      );
    }
  }

  #many(producer: Producer, count: number): void {
    const jobs = this.#jobs(count);
    producer.enqueueMany(jobs.map(([, job]) => job)).then(({ enqueued, failed }) => {
      const accepted = new Set(enqueued);
      for (const [entry] of jobs) {
        const { jid } = entry;
        const error = failed.get(jid);
        this.#told(entry, accepted.has(jid) ? "accepted" : this.#promisedBy(error), error);
      }
    }, (error) => {
      for (const [entry] of jobs) this.#told(entry, this.#promisedBy(error), error);
    });
  }

  #stream(producer: Producer, count: number): void {
    // A stream sends its jobs later, so their order is not checked.
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
        this.#settled(entry, isRefused ? this.#promisedBy(refused.get(entry.jid)) : "accepted");
      }
    }, () => {
      for (const [entry] of jobs) this.#settled(entry, "unknown");
    });
  }

  /** Checks and records the result of a call that is not part of a stream. */
  #told(entry: Entry, promised: Promised, error?: unknown): void {
    const { ledger, network: { weather } } = this.#parts;
    if (error instanceof StateError && error.code === "CLOSED") {
      ledger.violated("close waits for calls", entry.jid);
    }
    const isNetworkSlow = Math.min(weather.sendBuffer, weather.maxChunk) < WHOLE_BYTES;
    ledger.judge(whenCallSettles, { entry, isNetworkSlow });
    this.#settled(entry, promised);
  }

  #settled(entry: Entry, promised: Promised): void {
    this.open--;
    // Another job replaces one that the server never got.
    if (entry.pushes === 0 && !this.isStopping) this.#parts.load.left++;
    const { ledger } = this.#parts;
    const { options: { delivery, reconnect } } = this.#plan;
    // Without a connection, more jobs would fail in the same way.
    if (promised === "not-sent" || promised === "unknown") {
      this.#restsUntil = this.process.timeline.now + REST_MS;
      const attempts = reconnect === false ? 0 : reconnect?.attempts ?? 10;
      this.#isLost = attempts === 0 || attempts <= MAX_FEW_ATTEMPTS && !this.#isKept;
    }
    const isTriedForEver = delivery === "at-least-once" && reconnect !== false &&
      reconnect?.attempts === Infinity;
    if (isTriedForEver && promised === "unknown") {
      const { isStopping } = this;
      ledger.judge(whenUnknown, { entry, isStopping, hasFailedToSave: this.#hasFailedToSave });
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
      // Some jobs have an id that the library created.
      const named = random.chance(0.1) ? new Job("one", []).jid : undefined;
      const entry = ledger.called(this.process, named);
      const job = this.#withTerms(entry, this.#job(entry.jid));
      entry.delayMs = job.delay === undefined ? 0 : job.delay as number;
      // A job with a delay is sent later, after the producer has measured the server's clock.
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
    if (random.chance(0.97) && !load.areDelayed) return job;
    return { ...job, delay: random.between(1, 60) * 1000 };
  }

  /** Makes some jobs unique, and lets some expire. */
  #withTerms(entry: Entry, job: JobFields): JobFields {
    const { load, random } = this.#parts;
    if (!load.hasTerms) return job;
    const chance = random.next();
    if (chance < 0.1) {
      const behaviour = random.pick(["works", "waits", "fails once"]);
      const args = [behaviour, random.int(20)];
      const seconds = random.pick([5, 60, 600]);
      const until = random.pick(["success", "start"] as const);
      const key = JSON.stringify([job.queue, ...args]);
      entry.unique = { key, forMs: seconds * 1000, until };
      return { ...job, type: "one", args, unique: { for: seconds, until } };
    }
    if (chance > 0.2) return job;
    const seconds = random.pick([1, 10, 100]);
    if (random.chance(0.5)) {
      entry.expires = seconds * 1000;
      return { ...job, expires: `${seconds}s` };
    }
    entry.expires = new Date(this.process.now() + seconds * 1000);
    return { ...job, expires: entry.expires };
  }

  #promisedBy(error: unknown): Promised {
    if (error instanceof ConnectionLostError) {
      return error.outcome === "not-sent" ? "not-sent" : "unknown";
    }
    // The disk failed during the command, so the job may be on the server.
    if (!(error instanceof ServerError) || !error.message.includes("Cannot save")) return "refused";
    this.#hasFailedToSave = true;
    return "unknown";
  }
}
