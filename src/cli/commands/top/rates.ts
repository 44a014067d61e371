import type { Snapshot } from "./snapshot.ts";

/** Changes per second between two snapshots. `undefined` if unknown. */
export interface Rates {
  /**
   * Enqueued jobs, estimated: the server counts only the jobs that exist and those that have ended.
   */
  readonly enqueued: number | undefined;
  /** Runs of jobs, successful or failed. */
  readonly processed: number | undefined;
  readonly failed: number | undefined;
  readonly commands: number | undefined;
  /** Growth of each queue. */
  readonly growth: ReadonlyMap<string, number>;
}

/** Computes the rates from `before` to `now`. */
export function ratesOf(before: Snapshot | undefined, now: Snapshot): Rates {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  if (before === undefined || seconds <= 0) {
    return {
      enqueued: undefined,
      processed: undefined,
      failed: undefined,
      commands: undefined,
      growth: new Map(),
    };
  }
  // A smaller count means that the server restarted or was flushed.
  const rate = (count: (of: Snapshot) => number) => {
    const difference = count(now) - count(before);
    return difference < 0 ? undefined : difference / seconds;
  };
  return {
    // Every enqueued job still exists or has succeeded. Failed jobs that were dropped are missed.
    enqueued: rate((of) => jobsIn(of) + of.totals.processed - of.totals.failures),
    processed: rate(({ totals }) => totals.processed),
    failed: rate(({ totals }) => totals.failures),
    commands: rate(({ server }) => server.commandCount),
    growth: new Map(
      Object.entries(now.queues).map(([name, size]) => [
        name,
        (size - sizeOf(before, name)) / seconds,
      ]),
    ),
  };
}

/** Counts all jobs on the server. */
function jobsIn({ queues, sets }: Snapshot): number {
  const { scheduled, retries, dead, working } = sets;
  return Object.values(queues).reduce((sum, size) => sum + size, 0) +
    scheduled + retries + dead + working;
}

/** Returns the size of a queue, or 0 if it did not exist. */
function sizeOf({ queues }: Snapshot, name: string): number {
  return Object.hasOwn(queues, name) ? queues[name]! : 0;
}
