/** Which world to make; everything that is not given follows from the seed. */
export interface WorldOptions {
  readonly seed: number;
  readonly jobs: number;
  /** Longest time in which jobs are enqueued, in minutes of the world. @default 30 */
  readonly minutes?: number | undefined;
  /** Where the server keeps its jobs. @default as the seed says */
  readonly storage?: StorageKind | undefined;
  /** Hears of everything that happens to a job. */
  readonly tell?: ((jid: string, what: string, atMs: number) => void) | undefined;
}

export type StorageKind = "memory" | "disk";

/** Something that must not happen. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
  /** In the world's time. */
  readonly atMs: number;
}

/** What happened in a world. Plain JSON. */
export interface WorldResult {
  readonly seed: number;
  /** Jobs that it was made for, of which some may never have been sent. */
  readonly planned: number;
  /** Jobs that the server took. */
  readonly jobs: number;
  /** Minutes that passed in the world. */
  readonly minutes: number;
  readonly storage: StorageKind;
  /** Faults that struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Ends of processes, by process and kind of end. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Runs beyond the first of a job, by the reason. */
  readonly reruns: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly engine: string;
  /** By the clock of this machine, and of its processor. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}
