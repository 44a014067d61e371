import { quantile } from "../statistics.ts";
import type { Measurement, Task } from "../task.ts";
import { begin, wait } from "./measure.ts";

/** How long jobs may be under way once the last was sent, before it is said that they were lost. */
const LAST_MS = 5000;

/**
 * Sends jobs at a fixed rate, each with its number, and measures how long each takes until `arrived` is called with that
 * number. A timer sends those that are due, so that one that comes late sends a few together.
 */
export class Pace {
  readonly #task: Task;
  readonly #sentAt: Float64Array;
  readonly #tookMs: Float64Array;
  #missing: number;
  #allArrived!: () => void;

  constructor(task: Task) {
    this.#task = task;
    const jobs = Math.max(1, Math.round((task.rate ?? 100) * (task.warmUpMs + task.ms) / 1000));
    this.#sentAt = new Float64Array(jobs);
    this.#tookMs = new Float64Array(jobs);
    this.#missing = jobs;
  }

  /** Called by the handler with its job's number. */
  arrived(number: number): void {
    this.#tookMs[number] = performance.now() - this.#sentAt[number]!;
    if (--this.#missing === 0) this.#allArrived();
  }

  async measure(send: (number: number) => void): Promise<Measurement> {
    const { rate = 100, warmUpMs } = this.#task;
    const jobs = this.#sentAt.length;
    const first = Math.min(jobs - 1, Math.round(rate * warmUpMs / 1000));
    const all = new Promise<void>((resolve) => this.#allArrived = resolve);
    const start = performance.now();
    let end: ((jobs: number) => Measurement) | undefined;
    for (let sent = 0; sent < jobs;) {
      const due = Math.min(jobs, Math.floor((performance.now() - start) * rate / 1000) + 1);
      if (due > first) end ??= begin();
      while (sent < due) {
        this.#sentAt[sent] = performance.now();
        send(sent++);
      }
      await wait(1);
    }
    await Promise.race([all, wait(LAST_MS)]);
    if (this.#missing > 0) throw new Error(`${this.#missing} of ${jobs} jobs did not arrive`);
    const took = this.#tookMs.subarray(first);
    return {
      ...end!(took.length),
      latency: { p50Us: 1000 * quantile(took, 0.5), p99Us: 1000 * quantile(took, 0.99) },
    };
  }
}
