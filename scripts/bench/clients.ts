import type { ServerKind, Workload } from "./workloads.ts";

/** Runs a client. */
export type Host = "deno" | "bun" | "node" | "machine";

/** A client to compare, as data. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** Its program in `clients/`; `rust` is a crate of its own. */
  readonly program: string;
  readonly host: Host;
  readonly servers: readonly ServerKind[];
  /** Packages of npm, pinned: the bench installs them in a folder of its own. */
  readonly packages?: readonly string[];
}

const FAKTORY: readonly ServerKind[] = ["real", "null"];

/** All clients, those of this package first. */
export const clients: readonly Client[] = [
  { name: "deno", title: "ours on Deno", program: "ours", host: "deno", servers: FAKTORY },
  { name: "bun", title: "ours on Bun", program: "ours", host: "bun", servers: FAKTORY },
  {
    name: "node",
    title: "ours on Node",
    program: "ours",
    host: "node",
    servers: [...FAKTORY, "memory", "durable"],
  },
  {
    name: "npm",
    title: "`faktory-worker` 4.7 on Node",
    program: "npm",
    host: "node",
    servers: FAKTORY,
  },
  {
    name: "rust",
    title: "the Rust crate `faktory` 0.13",
    program: "rust",
    host: "machine",
    servers: FAKTORY,
  },
  {
    name: "floor",
    title: "bare socket on Node",
    program: "floor",
    host: "node",
    servers: FAKTORY,
  },
  {
    name: "bullmq",
    title: "BullMQ 6.7 on Node",
    program: "bullmq",
    host: "node",
    servers: ["redis"],
    packages: ["bullmq@6.7.0", "ioredis@6.0.0"],
  },
  {
    name: "graphile-worker",
    title: "graphile-worker 0.18 on Node",
    program: "graphile",
    host: "node",
    servers: ["postgres"],
    packages: ["graphile-worker@0.18.0"],
  },
  {
    name: "pg-boss",
    title: "pg-boss 12.38 on Node",
    program: "pg_boss",
    host: "node",
    servers: ["postgres"],
    packages: ["pg-boss@12.38.0"],
  },
  {
    name: "bunqueue",
    title: "bunqueue 2.9 on Bun",
    program: "bullmq",
    host: "bun",
    servers: ["bunqueue"],
    packages: ["bunqueue@2.9.5"],
  },
];

/**
 * Calls that the npm client can have pending before those behind them time out, with room to spare.
 */
const NPM_MAX_PENDING = 10_000;

/** Why a client cannot do a workload; `undefined` if it can. */
export function obstacle({ program }: Client, { work, concurrency }: Workload): string | undefined {
  if (work !== "pending") return undefined;
  if (program === "npm" && concurrency > NPM_MAX_PENDING) {
    return "a call that waits for 5 seconds fails, so it cannot have a million pending";
  }
  if (program === "rust") return "a call borrows the client, so that calls cannot be pending";
  if (program === "floor") return "it makes no call for each job";
  return undefined;
}
