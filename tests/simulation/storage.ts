import type { Store } from "../../src/server/store/store.ts";
import type { SimulatedProcess } from "./process.ts";

/** An open store of a server. */
export interface OpenStore {
  readonly store: Store;
  /** Calls `callback` when a change cannot be saved. */
  whenFailed(callback: (error: unknown) => void): void;
}

/** The storage of a server, which outlives its process. */
export interface ServerStorage {
  /** Opens the storage for a server that starts in `process`. */
  open(process: SimulatedProcess): Promise<OpenStore>;
  /** Kills the server: the machine keeps unsynced data. Or the machine loses power. */
  crash(kind: "kill" | "power"): void;
  /** Called when the storage begins a save that takes `ms` milliseconds. */
  onSlowSave: (ms: number) => void;
  /** Number of confirmed changes that were lost. */
  readonly lost: number;
  /** Ends all faults. */
  heal(): void;
  /** Number of faults by kind. */
  readonly counts: Readonly<Record<string, number>>;
}
