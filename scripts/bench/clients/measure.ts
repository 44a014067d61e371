import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { quantile } from "../statistics.ts";
import type { Measurement, Task, Work } from "../task.ts";

/** The kinds of work that a client can do. */
export type Works = { readonly [Name in Work]?: (task: Task) => Promise<Measurement> };

/** Does the task given on the command line, prints the measurement, and ends the process. */
export function perform(works: Works): void {
  const task: Task = JSON.parse(process.argv[2] ?? "null");
  const work = works[task.work];
  if (work === undefined) return die(new Error(`Cannot do ${task.work}`));
  work(task).then((measured) => {
    process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
  }, die);
}

/** Loads a package that the bench has installed, and that is none of this project's. */
export function load(name: string): Promise<Record<string, unknown>> {
  return import(name);
}

/** Lets a promise go on beside the measurement. If it rejects, the process ends with 1. */
export function background(going: Promise<unknown>): void {
  going.catch(die);
}

/** Ends the process with 1. */
export function die(error: unknown): never {
  console.error(error);
  process.exit(1);
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Counts jobs, and resolves promises when a number is reached. */
export class Counter {
  jobs = 0;
  /** The smallest number that a caller waits for. */
  #next = Infinity;
  #waiting: { readonly jobs: number; readonly resolve: () => void }[] = [];

  add(count = 1): void {
    this.jobs += count;
    if (this.jobs >= this.#next) this.#notify();
  }

  /** Resolves once this many jobs were counted. */
  reaches(jobs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ jobs, resolve });
      this.#notify();
    });
  }

  #notify(): void {
    for (const { jobs, resolve } of this.#waiting) if (jobs <= this.jobs) resolve();
    this.#waiting = this.#waiting.filter(({ jobs }) => jobs > this.jobs);
    this.#next = Math.min(...this.#waiting.map(({ jobs }) => jobs));
  }
}

/**
 * Peak resident memory of this process, in bytes. On Linux `maxRSS` also counts the process that
 * started this one, so /proc is preferred.
 */
export function peakBytes(): number {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not on Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/**
 * Counts the open TCP sockets of this process; 0 if there is no /proc. Runtimes have other sockets.
 */
function openSockets(): number {
  const attempt = <T>(read: () => T) => {
    try {
      return read();
    } catch {
      return undefined;
    }
  };
  const tables = ["tcp", "tcp6"].map((name) =>
    attempt(() => readFileSync(`/proc/self/net/${name}`, "utf8")) ?? ""
  );
  const inodes = tables.join().split("\n").map((line) => line.trim().split(/\s+/)[9]);
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  // The descriptor with which the folder is read has gone.
  const files = attempt(() => readdirSync("/proc/self/fd")) ?? [];
  return files.filter((name) =>
    sockets.has(attempt(() => readlinkSync(`/proc/self/fd/${name}`)) ?? "")
  )
    .length;
}

/** Starts a measurement. The returned function ends it, given the number of jobs. */
export function begin(): (jobs: number) => Measurement {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  return (jobs) => {
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = (user + system) / 1e6;
    return { jobs, seconds, cpuSeconds, peakBytes: peakBytes(), connections: openSockets() };
  };
}

/** Share of a limited number of jobs that may pass before the measurement starts. */
const WARM_UP_SHARE = 0.2;

/**
 * Measures running work for `ms` after its first job and the warm-up, or until `total` jobs were
 * counted.
 */
export async function measureWindow(
  counter: Counter,
  { warmUpMs, ms }: Task,
  total = Infinity,
): Promise<Measurement> {
  await counter.reaches(1);
  await Promise.race([wait(warmUpMs), counter.reaches(WARM_UP_SHARE * total)]);
  const before = counter.jobs;
  const end = begin();
  await Promise.race([wait(ms), counter.reaches(total)]);
  return end(counter.jobs - before);
}

/** Pause between a lone job and the next one, so that worker and server are idle again. */
const PAUSE_MS = 5;

/** A job that takes longer is lost. */
const LOST_MS = 10_000;

/**
 * Measures lone jobs: the next one is enqueued only after the one before has reached its handler,
 * and a pause.
 */
export class LoneJobs {
  #arrived: (() => void) | undefined;

  /** Called by the handler. */
  arrived(): void {
    this.#arrived?.();
  }

  async measure({ warmUpMs, ms }: Task, send: () => Promise<unknown>): Promise<Measurement> {
    const tookMs: number[] = [];
    const start = performance.now();
    let end: ReturnType<typeof begin> | undefined;
    while (performance.now() < start + warmUpMs + ms) {
      if (end === undefined && performance.now() >= start + warmUpMs) {
        end = begin();
        tookMs.length = 0;
      }
      const sentAt = performance.now();
      const arrival = new Promise<void>((resolve) => this.#arrived = resolve);
      background(send());
      const timer = setTimeout(() => die(new Error("A job did not arrive")), LOST_MS);
      await arrival;
      clearTimeout(timer);
      tookMs.push(performance.now() - sentAt);
      await wait(PAUSE_MS);
    }
    const [p50Us, p99Us] = [0.5, 0.99].map((share) => 1000 * quantile(tookMs, share));
    return { ...end!(tookMs.length), latency: { p50Us: p50Us!, p99Us: p99Us! } };
  }
}

/** A producer of a client. */
export interface BenchProducer {
  /** Enqueues a small job. */
  enqueue(): Promise<unknown>;
  /** Enqueues small jobs with as few calls as the client needs. */
  enqueueMany(count: number): Promise<unknown>;
}

/** A client, for the works that are the same for all. */
export interface BenchClient {
  connect(task: Task): Promise<BenchProducer>;
  /** Starts to run jobs. Each calls `handle`. */
  consume(task: Task, handle: () => void): Promise<void>;
  /** Enqueues the jobs that it consumes, as the bench can do that only for Faktory's protocol. */
  readonly fills?: boolean;
}

/** Jobs that one call enqueues, of many. */
const BATCH = 1000;

export function worksOf({ connect, consume, fills = false }: BenchClient): Required<Works> {
  async function enqueueAll(producer: BenchProducer, jobs: number): Promise<void> {
    for (let left = jobs; left > 0; left -= BATCH) {
      await producer.enqueueMany(Math.min(BATCH, left));
    }
  }
  return {
    async enqueue(task) {
      const [producer, counter] = [await connect(task), new Counter()];
      for (let caller = 0; caller < task.concurrency; caller++) {
        background((async () => {
          while (true) {
            await producer.enqueue();
            counter.add();
          }
        })());
      }
      return await measureWindow(counter, task);
    },
    async many(task) {
      const [producer, counter] = [await connect(task), new Counter()];
      background((async () => {
        for (;; counter.add(task.jobs)) await producer.enqueueMany(task.jobs!);
      })());
      return await measureWindow(counter, task);
    },
    async stream(task) {
      const producer = await connect(task);
      const end = begin();
      await enqueueAll(producer, task.jobs!);
      return end(task.jobs!);
    },
    async consume(task) {
      const counter = new Counter();
      if (fills) await enqueueAll(await connect(task), task.jobs!);
      await consume(task, () => counter.add());
      return await measureWindow(counter, task, task.jobs);
    },
    async latency(task) {
      const [producer, jobs] = [await connect(task), new LoneJobs()];
      await consume(task, () => jobs.arrived());
      return await jobs.measure(task, () => producer.enqueue());
    },
    async pending(task) {
      const [producer, jobs] = [await connect(task), task.jobs!];
      const runWave = (jobs: number) => {
        const calls = new Array<Promise<unknown>>(jobs);
        for (let i = 0; i < jobs; i++) calls[i] = producer.enqueue();
        return Promise.all(calls);
      };
      const start = performance.now();
      while (performance.now() < start + task.warmUpMs) await runWave(1000);
      const end = begin();
      let count = 0;
      // Whole waves, as many as fit into the time.
      for (const until = performance.now() + task.ms; count === 0 || performance.now() < until;) {
        await runWave(jobs);
        count += jobs;
      }
      return end(count);
    },
  };
}
