import type { Work } from "./task.ts";
import type { ServerKind, Workload } from "./workloads.ts";

/** Which program a client is. */
export type Program = "ours" | "npm" | "rust" | "floor";

/** What runs it. */
export type Host = "deno" | "bun" | "node" | "machine";

/** One of those that are compared, as data. */
export interface Client {
  readonly name: string;
  readonly title: string;
  readonly program: Program;
  readonly host: Host;
  /** Connections of its producers, where they are not as many as it comes with. */
  readonly connections?: number;
}

/** All that are compared, those of this package first. */
export const clients: readonly Client[] = [
  { name: "deno", title: "ours on Deno", program: "ours", host: "deno" },
  { name: "bun", title: "ours on Bun", program: "ours", host: "bun" },
  { name: "node", title: "ours on Node", program: "ours", host: "node" },
  {
    name: "node-8",
    title: "ours on Node, connections: 8",
    program: "ours",
    host: "node",
    connections: 8,
  },
  { name: "npm", title: "faktory-worker on Node", program: "npm", host: "node" },
  { name: "rust", title: "the Rust crate", program: "rust", host: "machine" },
  { name: "floor-node", title: "bare socket on Node", program: "floor", host: "node" },
  { name: "floor-bun", title: "bare socket on Bun", program: "floor", host: "bun" },
];

/** Work that producers have enough of for more than one connection. */
const SPREADS: readonly Work[] = ["enqueue", "many", "stream"];

/** Whether a client is there for it. More connections are for producers alone, and for a server that takes its time. */
export function takesPart(
  { connections }: Client,
  workload: Workload,
  server: ServerKind,
): boolean {
  if (connections === undefined) return true;
  const isSerial = workload.work === "enqueue" && workload.concurrency === 1;
  return server === "real" && SPREADS.includes(workload.work) && !isSerial;
}

/** Calls that the npm client carries out before those behind them have waited too long, with room to spare. */
const NPM_MAX_PENDING = 10_000;

/** Why a client cannot do a workload; `undefined` where it can. */
export function obstacle({ program }: Client, workload: Workload): string | undefined {
  if (program === "ours") return undefined;
  if (workload.work === "steady") return "a check of this package alone";
  if (workload.work !== "pending") return undefined;
  if (program === "npm" && workload.concurrency > NPM_MAX_PENDING) {
    return "its pool gives up a call that has waited for 5 seconds";
  }
  if (program === "rust") return "a call borrows the client, so that none waits behind another";
  return undefined;
}
