import { whole } from "../../src/cli/text.ts";
import type { Work } from "./task.ts";

/** Answers at once and does nothing; passes jobs on, in a process of its own; the one that FAKTORY_URL names. */
export type ServerKind = "null" | "embedded" | "real";

/** One kind of work, as data. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly work: Work;
  readonly servers: readonly ServerKind[];
  readonly concurrency: number;
  /** Jobs in a batch, a stream or a wave. */
  readonly jobs?: number;
  /** The same where the bench is only tried. */
  readonly quickJobs?: number;
  readonly rate?: number;
  /** Size of a job's arguments as JSON; small ones where it is missing. */
  readonly argBytes?: number;
  /** Measured for so long at least, whatever `--ms` says. */
  readonly minMs?: number;
  /** Too long to be part of every run. */
  readonly isOnlyByName?: boolean;
}

const MEASURING: readonly ServerKind[] = ["null", "real"];

function consume(concurrency: number): Workload {
  return {
    name: `consume-${concurrency}`,
    title: `fetch, run and ACK, ${whole(concurrency)} at once`,
    work: "consume",
    servers: MEASURING,
    concurrency,
  };
}

function pending(name: string, jobs: number): Workload {
  return {
    name: `pending-${name}`,
    title: `enqueue, ${whole(jobs)} calls pending`,
    work: "pending",
    // What is asked is what it costs the client.
    servers: ["null"],
    concurrency: jobs,
    jobs,
    quickJobs: Math.min(jobs, 20_000),
  };
}

/** Everything that is measured. */
export const workloads: readonly Workload[] = [
  {
    name: "enqueue-serial",
    title: "enqueue, one after the other",
    work: "enqueue",
    servers: MEASURING,
    concurrency: 1,
  },
  {
    name: "enqueue",
    title: "enqueue, 100 at once",
    work: "enqueue",
    servers: MEASURING,
    concurrency: 100,
  },
  {
    name: "enqueue-many",
    title: "enqueueMany, 1,000 a call",
    work: "many",
    servers: MEASURING,
    concurrency: 1,
    jobs: 1000,
  },
  {
    name: "stream",
    title: "a stream of 1,000,000 jobs",
    work: "stream",
    servers: MEASURING,
    concurrency: 1,
    jobs: 1_000_000,
    quickJobs: 20_000,
  },
  ...[1, 20, 100, 1000].map(consume),
  {
    ...consume(100),
    name: "consume-10k",
    title: "the same, 100 at once, arguments of 10 KiB",
    argBytes: 10 * 1024,
  },
  {
    name: "latency-lone",
    title: "enqueue to handler, 100 jobs/s",
    work: "latency",
    servers: ["embedded", "real"],
    concurrency: 20,
    rate: 100,
    // Enough jobs to have a 99th percentile.
    minMs: 5000,
  },
  {
    name: "latency",
    title: "enqueue to handler, 1,000 jobs/s",
    work: "latency",
    servers: ["embedded", "real"],
    concurrency: 20,
    rate: 1000,
  },
  pending("1k", 1000),
  pending("10k", 10_000),
  pending("100k", 100_000),
  pending("1m", 1_000_000),
  {
    name: "steady",
    title: "enqueue and consume for 10 minutes",
    work: "steady",
    servers: ["null"],
    concurrency: 100,
    minMs: 600_000,
    isOnlyByName: true,
  },
];
