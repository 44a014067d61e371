import { readdirSync } from "node:fs";
import process from "node:process";
import { quantile } from "../bench/statistics.ts";
import type { Handles, Sample } from "./samples.ts";

/** How often it is looked whether timers come late, in milliseconds. */
const LAG_MS = 20;

/** What this process holds open at this moment. */
export function handles(): Handles {
  let files: number | undefined;
  try {
    files = readdirSync("/proc/self/fd").length;
  } catch {
    // There is none but on Linux.
  }
  return { files, resources: process.getActiveResourcesInfo().length };
}

/** Memory in use once what is not is collected; the runtime is started so that it can be asked to. */
export function memory(): Pick<Sample, "heapBytes" | "rssBytes"> {
  const { gc, Bun } = globalThis as {
    gc?: () => void;
    Bun?: { gc(isSynchronous: boolean): void };
  };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss };
}

/** Measures by how much timers come late. */
export class Lateness {
  #late: number[] = [];
  #due = performance.now() + LAG_MS;
  readonly #timer = setInterval(() => this.#look(), LAG_MS);

  /** That of the time since it was last asked. */
  take(): Sample["lagMs"] {
    const late = this.#late.length === 0 ? [0] : this.#late;
    this.#late = [];
    return { p99: quantile(late, 0.99), max: quantile(late, 1) };
  }

  /** What was done just now is not to count: it was done to measure. */
  skip(): void {
    this.#due = performance.now() + LAG_MS;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#late.push(Math.max(0, now - this.#due));
    this.#due = now + LAG_MS;
  }
}
