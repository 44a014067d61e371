/** Options of a world. The seed determines all options that are not set. */
export interface WorldOptions {
  readonly seed: number;
  readonly jobs: number;
  /** Longest simulated time for enqueuing jobs, in minutes. @default 30 */
  readonly minutes?: number | undefined;
  /** Storage of the server. @default drawn from the seed */
  readonly storage?: StorageKind | undefined;
  /** Called with each event of a job. */
  readonly tell?: ((jid: string, what: string, atMs: number) => void) | undefined;
}

export type StorageKind = "memory" | "disk";

/** A violation of a rule. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
  /** Simulated time since the start of the world, in milliseconds. */
  readonly atMs: number;
}

/** The result of a world, as plain JSON. */
export interface WorldResult {
  readonly seed: number;
  /** Number of jobs in the plan. Some may never have been sent. */
  readonly planned: number;
  /** Number of jobs that the server accepted. */
  readonly jobs: number;
  /** Simulated time, in minutes. */
  readonly minutes: number;
  readonly storage: StorageKind;
  /** Number of faults by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Number of ended processes, by process and kind of end. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Number of repeated runs of jobs, by reason. */
  readonly reruns: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly engine: string;
  /** Real time and CPU time on this machine. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}
