import process from "node:process";

/** What a client's process prints. */
export interface Measurement {
  readonly jobs: number;
  readonly seconds: number;
  /** CPU time of the client's process, over the same time. */
  readonly cpuSeconds: number;
}

/** Time that is not counted: connecting, compiling, filling the pipes. */
const WARM_UP_MS = 700;

/** Counts for so long, and prints what was counted. `count` gives the jobs so far. */
export async function measure(count: () => number, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const [startJobs, start, cpu] = [count(), performance.now(), process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, ms));
  const [jobs, seconds] = [count() - startJobs, (performance.now() - start) / 1000];
  const { user, system } = process.cpuUsage(cpu);
  const measured: Measurement = { jobs, seconds, cpuSeconds: (user + system) / 1e6 };
  console.log(JSON.stringify(measured));
}
