import type { Work } from "./task.ts";

/** The names of the servers. */
export type ServerKind = "real" | "null" | "memory" | "durable" | "redis" | "postgres" | "bunqueue";

/** A server that clients are measured on. */
export interface ServerInfo {
  readonly name: ServerKind;
  readonly title: string;
  /** What a crash of the server may lose. */
  readonly durability: string;
  /** The same in a word or two. */
  readonly kept: string;
  /** Jobs put on it for each second of a `consume` run: more than any client runs. */
  readonly fillRate: number;
}

/** All servers, in the order in which they are reported. */
export const servers: readonly ServerInfo[] = [
  {
    ...{ name: "real", title: "A real Faktory server", kept: "snapshots", fillRate: 25_000 },
    durability: "Faktory 1.10's Redis writes snapshots (`save 30 5`): a crash may lose 30 seconds.",
  },
  {
    ...{ name: "null", title: "A server that answers at once and does nothing" },
    durability: "It keeps nothing: only the client is measured.",
    ...{ kept: "nowhere", fillRate: 0 },
  },
  {
    ...{ name: "memory", title: "The embedded server, in memory", kept: "in memory" },
    ...{ fillRate: 80_000, durability: "Its jobs are lost when its process ends." },
  },
  {
    ...{ name: "durable", title: "The embedded server, with its data in a file", kept: "on disk" },
    durability: "Each confirmed job is on the disk: its log is synced before it confirms.",
    fillRate: 80_000,
  },
  {
    ...{ name: "redis", title: "Redis 7, as BullMQ recommends it", kept: "on disk each second" },
    durability: "`appendonly yes`, `appendfsync everysec`: a crash may lose one second.",
    fillRate: 15_000,
  },
  {
    ...{ name: "postgres", title: "PostgreSQL 15, with its defaults", kept: "on disk" },
    durability: "`synchronous_commit = on`: each confirmed job is on the disk.",
    fillRate: 25_000,
  },
  {
    ...{ name: "bunqueue", title: "The bunqueue server, with its data in a file" },
    durability: "SQLite, `synchronous = NORMAL`, writes buffered: a crash may lose recent jobs.",
    ...{ kept: "on disk, buffered", fillRate: 25_000 },
  },
];

/** A kind of work, as data. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly work: Work;
  readonly concurrency: number;
  /** Jobs in a batch, a stream or a wave. */
  readonly jobs?: number;
  /** Size of a job's arguments as JSON; small ones if not given. */
  readonly argBytes?: number;
  /** Measured for at least this long, whatever `--ms` says. */
  readonly minMs?: number;
  /** Servers that it is measured on; all if not given. */
  readonly servers?: readonly ServerKind[];
}

const FAKTORY: readonly ServerKind[] = ["real", "null"];

/** Everything that is measured. */
export const workloads: readonly Workload[] = [
  {
    ...{ name: "enqueue-serial", title: "enqueue, one after the other", work: "enqueue" },
    ...{ servers: FAKTORY, concurrency: 1 },
  },
  { name: "enqueue", title: "enqueue, 100 callers", work: "enqueue", concurrency: 100 },
  {
    ...{ name: "enqueue-many", title: "enqueue in bulk, 1,000 a call", work: "many" },
    ...{ concurrency: 1, jobs: 1000 },
  },
  {
    ...{ name: "stream", title: "a stream of 1,000,000 jobs", work: "stream" },
    ...{ servers: FAKTORY, concurrency: 1, jobs: 1_000_000 },
  },
  {
    ...{ name: "consume-100", title: "fetch, run and ACK, 100 at a time", work: "consume" },
    concurrency: 100,
  },
  {
    ...{ name: "consume-10k", title: "the same, arguments of 10 KiB", work: "consume" },
    ...{ servers: FAKTORY, concurrency: 100, argBytes: 10 * 1024 },
  },
  {
    ...{ name: "latency", title: "a lone job, from enqueue to handler", work: "latency" },
    // The null server hands out the same jobs whatever it is given.
    servers: ["real", "memory", "durable", "redis", "postgres", "bunqueue"],
    ...{ concurrency: 20, minMs: 4000 },
  },
  ...[1000, 1_000_000].map((jobs): Workload => ({
    name: jobs === 1000 ? "pending-1k" : "pending-1m",
    title: `enqueue, ${jobs.toLocaleString("en")} calls pending`,
    ...{ work: "pending", servers: ["null"], concurrency: jobs, jobs },
  })),
];
