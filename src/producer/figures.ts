import { ProtocolError } from "../errors.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type { Queues } from "./queues.ts";

/** The part of a producer that figures are read with. */
export interface FigureSource {
  /** Asks INFO. */
  info(): Promise<ServerInfo>;
  /** Asks QUEUE LATENCY. */
  readonly queues: Pick<Queues, "latency">;
}

/** One queue's figures. */
export interface QueueFigures {
  readonly name: string;
  readonly size: number;
  /** In seconds; `undefined` if the server does not know. */
  readonly latency: number | undefined;
}

/** What a server holds and does. */
export interface ServerFigures extends Omit<ServerInfo, "queues"> {
  /** The largest queues, in the order of their names. */
  readonly queues: readonly QueueFigures[];
  /** The number and the jobs of the queues that are left out. */
  readonly others: { readonly queues: number; readonly size: number };
}

/** Reads a server's figures, with those of the `maxQueues` largest queues. */
export async function readFigures(source: FigureSource, maxQueues: number): Promise<ServerFigures> {
  const { queues, ...info } = await source.info();
  const bySize = Object.entries(queues).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = bySize.slice(0, maxQueues).sort(([a], [b]) => a < b ? -1 : 1);
  const rest = bySize.slice(maxQueues);
  const latency = await readLatencies(source, shown.map(([name]) => name));
  return {
    ...info,
    queues: shown.map(([name, size]) => ({ name, size, latency: latency.get(name) })),
    others: { queues: rest.length, size: rest.reduce((sum, [, size]) => sum + size, 0) },
  };
}

/** Reads the latencies of queues, as far as the server knows them. */
export async function readLatencies(
  { queues }: FigureSource,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  try {
    return names.length === 0 ? new Map() : await queues.latency(names);
  } catch (error) {
    // A server before 1.9.2 tells the sizes alone.
    if (error instanceof ProtocolError && error.code === "UNSUPPORTED_COMMAND") return new Map();
    throw error;
  }
}
