import process from "node:process";
import { growthOf } from "../statistics.ts";
import type { Measurement, Task } from "../task.ts";
import { peakBytes } from "./memory.ts";

/** Counts jobs. */
export class Counter {
  jobs = 0;
  /** The next number that somebody waits for. */
  #next = Infinity;
  #waiting: { readonly jobs: number; readonly resolve: () => void }[] = [];

  add(count = 1): void {
    this.jobs += count;
    if (this.jobs >= this.#next) this.#tell();
  }

  /** Resolves once so many were counted. */
  reaches(jobs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ jobs, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    for (const { jobs, resolve } of this.#waiting) if (jobs <= this.jobs) resolve();
    this.#waiting = this.#waiting.filter(({ jobs }) => jobs > this.jobs);
    this.#next = Math.min(...this.#waiting.map(({ jobs }) => jobs));
  }
}

/** Where jobs come to an end, so many of them may pass uncounted. */
const WARM_UP_SHARE = 0.2;

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Begins to measure; the function returned ends it, told how many jobs there were. */
export function begin(): (jobs: number) => Measurement {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  return (jobs) => {
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { jobs, seconds, cpuSeconds: (user + system) / 1e6, peakBytes: peakBytes() };
  };
}

/**
 * Measures what is already going on, once it is warm, which it is not before its first job; until there are no more than
 * `total`, where that is given.
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

/** Measures whole waves of jobs, as many as fit. */
export async function measureWaves(
  { jobs = 1000, warmUpMs, ms }: Task,
  wave: (jobs: number) => Promise<unknown>,
): Promise<Measurement> {
  for (const until = performance.now() + warmUpMs; performance.now() < until;) await wave(1000);
  const end = begin();
  let count = 0;
  const until = performance.now() + ms;
  do {
    await wave(jobs);
    count += jobs;
  } while (performance.now() < until);
  return end(count);
}

/** Samples in the time of a steady load. */
const SAMPLES = 200;

/** Measures a window, and how memory grows in it. */
export async function measureSteady(counter: Counter, task: Task): Promise<Measurement> {
  const samples: number[] = [];
  const measured = measureWindow(counter, task);
  const timer = setInterval(
    () => samples.push(process.memoryUsage().rss),
    (task.warmUpMs + task.ms) / SAMPLES,
  );
  const measurement = await measured;
  clearInterval(timer);
  return { ...measurement, growth: growthOf(samples) };
}
