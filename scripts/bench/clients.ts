import type { ServerKind, Workload } from "./workloads.ts";

export type Host = "deno" | "bun" | "node" | "machine";

/** A client to measure, as data. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** Its program in `clients/`; `rust` is a crate. */
  readonly program: string;
  readonly host: Host;
  readonly servers: readonly ServerKind[];
  /** Packages of npm, pinned: the bench installs them in a folder of its own. */
  readonly packages?: readonly string[];
}

const FAKTORY: readonly ServerKind[] = ["real", "null"];

/** Returns a client of Faktory's protocol. */
function client(name: string, title: string, program = name, host: Host = "node"): Client {
  return { name, title, program, host, servers: FAKTORY };
}

/** All clients, those of this package first. */
export const clients: readonly Client[] = [
  client("deno", "ours on Deno", "ours", "deno"),
  client("bun", "ours on Bun", "ours", "bun"),
  { ...client("node", "ours on Node", "ours"), servers: [...FAKTORY, "memory", "durable"] },
  client("npm", "`faktory-worker` 4.7 on Node"),
  client("rust", "the Rust crate `faktory` 0.13", "rust", "machine"),
  client("floor", "bare socket on Node"),
  {
    ...client("bullmq", "BullMQ 6.7 on Node"),
    servers: ["redis"],
    packages: ["bullmq@6.7.0", "ioredis@6.0.0"],
  },
  {
    ...client("graphile-worker", "graphile-worker 0.18 on Node", "graphile"),
    servers: ["postgres"],
    packages: ["graphile-worker@0.18.0"],
  },
  {
    ...client("pg-boss", "pg-boss 12.38 on Node", "pg_boss"),
    servers: ["postgres"],
    packages: ["pg-boss@12.38.0"],
  },
  {
    ...client("bunqueue", "bunqueue 2.9 on Bun", "bullmq", "bun"),
    servers: ["bunqueue"],
    packages: ["bunqueue@2.9.5"],
  },
];

/** Calls that the npm client can have pending before the last ones time out, with some to spare. */
const NPM_MAX_PENDING = 10_000;

/** Returns why a client cannot do a workload; `undefined` if it can. */
export function obstacle({ program }: Client, { work, concurrency }: Workload): string | undefined {
  if (work !== "pending") return undefined;
  if (program === "npm" && concurrency > NPM_MAX_PENDING) {
    return "a call that waits for 5 seconds fails, so it cannot have a million pending";
  }
  if (program === "rust") return "a call borrows the client, so that calls cannot be pending";
  return program === "floor" ? "it makes no call for each job" : undefined;
}
