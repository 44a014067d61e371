import process from "node:process";
import { growthOf } from "../statistics.ts";
import type { Measurement, Task } from "../task.ts";
import { peakBytes } from "./memory.ts";

/** Counts jobs, and knows when all were counted, where they come to an end. */
export class Counter {
  jobs = 0;
  readonly ended: Promise<void>;
  readonly #total: number;
  #end!: () => void;

  constructor(total = Infinity) {
    this.#total = total;
    this.ended = new Promise((resolve) => this.#end = resolve);
  }

  get hasEnded(): boolean {
    return this.jobs >= this.#total;
  }

  add(count = 1): void {
    this.jobs += count;
    if (this.jobs >= this.#total) this.#end();
  }
}

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

/** Measures what is already going on, once it is warm. */
export async function measureWindow(
  counter: Counter,
  { warmUpMs, ms }: Task,
): Promise<Measurement> {
  await wait(warmUpMs);
  if (counter.hasEnded) throw new Error("Cannot measure as all jobs were done while warming up");
  const before = counter.jobs;
  const end = begin();
  await Promise.race([wait(ms), counter.ended]);
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
