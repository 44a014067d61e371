import type { Snapshot } from "./snapshot.ts";

/** What happened between two snapshots, each a second; `undefined` where it cannot be told. */
export interface Rates {
  /**
   * Jobs that came, estimated: the server counts only those that are there and those that are done.
   */
  readonly enqueued: number | undefined;
  /** Jobs that were run, the failed ones too. */
  readonly processed: number | undefined;
  readonly failed: number | undefined;
  readonly commands: number | undefined;
  /** By how much each queue grew. */
  readonly growth: ReadonlyMap<string, number>;
}

/** The rates from `before` to `now`. */
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
  // A count that went back was set back: the server began anew, or was flushed.
  const rate = (count: (of: Snapshot) => number) => {
    const difference = count(now) - count(before);
    return difference < 0 ? undefined : difference / seconds;
  };
  return {
    // Every job that came is still somewhere, or has ended well. Those that vanish as they fail are
    // missed.
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

/** All jobs that a server has, wherever they are. */
function jobsIn({ queues, sets }: Snapshot): number {
  const { scheduled, retries, dead, working } = sets;
  return Object.values(queues).reduce((sum, size) => sum + size, 0) +
    scheduled + retries + dead + working;
}

/** A queue that was not there had no jobs. */
function sizeOf({ queues }: Snapshot, name: string): number {
  return Object.hasOwn(queues, name) ? queues[name]! : 0;
}
