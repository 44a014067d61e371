import type { Store } from "../../src/server/store/store.ts";
import type { SimulatedProcess } from "./process.ts";

/** An open store of a server. */
export interface OpenStore {
  readonly store: Store;
  /** Calls back when something cannot be saved. */
  whenFailed(callback: (error: unknown) => void): void;
}

/** What a server keeps beyond its process. */
export interface ServerStorage {
  /** Opens it, as a server that starts does. `process` is the server's. */
  open(process: SimulatedProcess): Promise<OpenStore>;
  /** The server is killed: what the machine has is kept. Or the machine loses power. */
  crash(kind: "kill" | "power"): void;
  /** Grows when something is gone that was said to be saved. */
  readonly lost: number;
  /** No more faults. */
  heal(): void;
  /** Faults that struck, by kind. */
  readonly counts: Readonly<Record<string, number>>;
}
