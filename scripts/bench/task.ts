/** What a client is asked to do. */
export type Work = "enqueue" | "many" | "stream" | "consume" | "latency" | "pending" | "steady";

/** What a client's process is started with, as JSON in its one argument. */
export interface Task {
  readonly work: Work;
  readonly url: string;
  readonly queue: string;
  /** Connections of a producer. */
  readonly connections?: number | undefined;
  /** Whether the server keeps jobs and passes them on; the null server does not. */
  readonly isPassing: boolean;
  /** Calls, or jobs that run, at the same time. */
  readonly concurrency: number;
  /** Jobs in a batch, a stream or a wave; for `consume`, how many there are, where they come to an end. */
  readonly jobs?: number | undefined;
  /** Jobs a second, where that is fixed. */
  readonly rate?: number | undefined;
  /** Time that is not counted: connecting, compiling, filling the pipes. */
  readonly warmUpMs: number;
  readonly ms: number;
}

/** What a client's process prints, as JSON. */
export interface Measurement {
  readonly jobs: number;
  readonly seconds: number;
  /** CPU time of the client's process over the same time, all its threads together. */
  readonly cpuSeconds: number;
  /** The most memory that the process ever had resident. */
  readonly peakBytes: number;
  /** From the call that enqueues to the first line of the handler. */
  readonly latency?: { readonly p50Us: number; readonly p99Us: number } | undefined;
  /** How much more memory is resident in the last quarter of the time than in the second: 0.1 is a tenth more. */
  readonly growth?: number | undefined;
}

/** What a server of the bench tells of itself when it ends. */
export interface ServerUse {
  /** Connections that it had at the same time, at most. */
  readonly connections: number;
  /** How much of one core it took while clients were there: near 1, it is the server that is measured. */
  readonly busy: number;
}

/** One client's process, measured. */
export interface Run extends Measurement {
  readonly server?: ServerUse | undefined;
}
