/** The kinds of work that a client can be asked to do. */
export type Work = "enqueue" | "many" | "stream" | "consume" | "latency" | "pending";

/** The one argument of a client's process, as JSON. */
export interface Task {
  readonly work: Work;
  readonly url: string;
  readonly queue: string;
  /** The server keeps jobs and hands them out again. The null server does not. */
  readonly keepsJobs: boolean;
  /** Calls, or running jobs, at the same time. */
  readonly concurrency: number;
  /**
   * Jobs in a batch, a stream or a wave. For `consume`: how many jobs wait, if they are not
   * endless.
   */
  readonly jobs?: number | undefined;
  /** Time before the measurement starts: connections are opened, code is compiled. */
  readonly warmUpMs: number;
  readonly ms: number;
}

/** Printed by a client's process, as JSON. */
export interface Measurement {
  readonly jobs: number;
  readonly seconds: number;
  /** User and system time of the client's process, all threads included. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the client's process. */
  readonly peakBytes: number;
  /** Sockets that the client had open at the end. */
  readonly connections?: number | undefined;
  /** From the call that enqueues a job to the first line of its handler. */
  readonly latency?: { readonly p50Us: number; readonly p99Us: number } | undefined;
}

const SMALL: readonly unknown[] = [1, "two"];

/** Arguments of about this many bytes as JSON: rows of a table, as a real job may carry them. */
export function argsOf(bytes: number | undefined): readonly unknown[] {
  if (bytes === undefined) return SMALL;
  const rows: unknown[] = [];
  let size = '[{"rows":[]}]'.length;
  while (size < bytes) {
    const id = rows.length;
    const row = { id, name: `customer ${id}`, isActive: id % 2 === 0, balance: id * 1.25 };
    rows.push(row);
    size += JSON.stringify(row).length + 1;
  }
  return [{ rows }];
}
