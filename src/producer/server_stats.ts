import { ProtocolError } from "../errors.ts";
import { withoutInternal } from "../job/internal_queues.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type { Queues } from "./queues.ts";

/** The parts of a producer that `readServerStats` uses. */
export interface ServerStatsSource {
  /** Sends INFO. */
  info(): Promise<ServerInfo>;
  /** Sends QUEUE LATENCY. */
  readonly queues: Pick<Queues, "latency">;
}

/** Size and latency of a queue. */
export interface QueueStats {
  readonly name: string;
  readonly size: number;
  /** Latency in seconds; `undefined` if the server does not know it. */
  readonly latency: number | undefined;
}

/** The statistics of a server, with the latencies of its largest queues. */
export interface ServerStats extends Omit<ServerInfo, "queues"> {
  /** The largest queues, sorted by name. */
  readonly queues: readonly QueueStats[];
  /** Number of the other queues, which include all internal ones, and of their jobs. */
  readonly others: { readonly queues: number; readonly size: number };
}

/** Reads the statistics of a server, with the latencies of its `maxQueues` largest queues. */
export async function readServerStats(
  source: ServerStatsSource,
  maxQueues: number,
): Promise<ServerStats> {
  const { queues, ...info } = await source.info();
  const entries = Object.entries(queues);
  // The names of internal queues change all the time: each would become a metric of its own.
  const bySize = Object.entries(withoutInternal(queues))
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = bySize.slice(0, maxQueues).sort(([a], [b]) => a < b ? -1 : 1);
  const sizeOf = (some: readonly (readonly [string, number])[]) =>
    some.reduce((sum, [, size]) => sum + size, 0);
  const latency = await readLatencies(source, shown.map(([name]) => name));
  return {
    ...info,
    queues: shown.map(([name, size]) => ({ name, size, latency: latency.get(name) })),
    others: { queues: entries.length - shown.length, size: sizeOf(entries) - sizeOf(shown) },
  };
}

/** Reads the latencies of queues. Queues whose latency the server does not know are left out. */
export async function readLatencies(
  { queues }: ServerStatsSource,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  try {
    return names.length === 0 ? new Map() : await queues.latency(names);
  } catch (error) {
    // A server before 1.9.2 only knows the sizes.
    if (error instanceof ProtocolError && error.code === "UNSUPPORTED_COMMAND") return new Map();
    throw error;
  }
}
