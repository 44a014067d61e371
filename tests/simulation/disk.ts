import { posix } from "node:path";
import type { Clock } from "../../src/internal/clock.ts";
import { FileNode, FolderNode, type Node, type Random } from "./disk_nodes.ts";
import { type DiskProcess, DiskProcessCalls } from "./disk_process.ts";

/** Probability of each fault per call, 0 to 1. */
export interface DiskChances {
  /** A write writes only some of the bytes. */
  readonly shortWrite: number;
  /** A read returns only some of the bytes. */
  readonly shortRead: number;
  /** A sync fails, and the system drops the changes. */
  readonly failedSync: number;
  /** A sync succeeds but saves nothing. */
  readonly lyingSync: number;
  /** A sync takes up to {@linkcode LATE_MS}. */
  readonly lateSync: number;
}

/** Names of the faults that a disk counts. */
export type DiskFault =
  | keyof DiskChances
  | "diskFull"
  | "readOnly"
  | "powerLoss"
  | "killedInCall";

/** Completes the calls that do not block. */
export type DiskClock = Pick<Clock, "after">;

/** Options of a {@linkcode SimulatedDisk}. */
export interface DiskOptions {
  readonly random: Random;
  /** @default no faults */
  readonly chances?: Partial<DiskChances> | undefined;
  /** Called with the duration of each late sync, in ms, when the sync begins. */
  readonly onLateSync?: ((ms: number) => void) | undefined;
}

/** Longest time that a late sync takes, in ms. */
const LATE_MS = 20_000;

/** Longest time that any other call takes, in ms. */
const CALL_MS = 3;

/**
 * A disk with a file system in memory, for the store of the embedded server. All chance comes from
 * `random`, all time from the clocks of the processes.
 *
 * Programs see their writes at once. The disk surely has them only after a sync of the file, and
 * a name only after a sync of its folder. When the power is lost, each change that is not synced is
 * kept, lost, or (if it is a write) torn at the borders of sectors, in any order; a rename is kept
 * or lost as a whole. So the only way to lose what a sync has confirmed is a sync that lies, and
 * {@linkcode SimulatedDisk.losePower} counts what was lost that way.
 *
 * @example A log on such a disk
 * ```ts ignore
 * const disk = new SimulatedDisk({ random });
 * const process = disk.process(clock);
 * const log = await openLog("/data", { modules: process.modules });
 * // ..
 * process.kill();
 * disk.losePower();
 * const again = await openLog("/data", { modules: disk.process(clock).modules });
 * ```
 */
export class SimulatedDisk {
  readonly #random: Random;
  /** They may change at any time. */
  chances: Partial<DiskChances>;
  /** If true, no file can grow: ENOSPC. */
  isFull = false;
  /** If true, nothing can change: EROFS. */
  isReadOnly = false;
  /** Number of faults so far. */
  readonly counts: Partial<Record<DiskFault, number>> = {};
  /** Number of confirmed changes that were lost so far because a sync lied. */
  lost = 0;
  readonly #root = new FolderNode(1n);
  #nodes = 1n;
  #processes = new Set<DiskProcess>();
  readonly #onLateSync: (ms: number) => void;

  constructor({ random, chances = {}, onLateSync = () => {} }: DiskOptions) {
    this.#random = random;
    this.#onLateSync = onLateSync;
    this.chances = chances;
  }

  /** Starts a process that uses the disk, by the process's clock. */
  process(clock: DiskClock): DiskProcess {
    const process = new DiskProcessCalls(this, clock);
    this.#processes.add(process);
    return process;
  }

  /**
   * Kills all processes, and keeps only some of the changes that were not synced. Returns the
   * number of changes that were lost although a sync had confirmed them.
   */
  losePower(): number {
    for (const process of [...this.#processes]) process.kill();
    this.count("powerLoss");
    const lost = this.#root.losePower(this.#random);
    this.lost += lost;
    return lost;
  }

  /** Returns the sizes of the files in a folder, by name. */
  files(path: string): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    const folder = this.find(path);
    for (const name of folder?.isFolder ? folder.names : []) {
      const node = (folder as FolderNode).get(name);
      if (node instanceof FileNode) sizes.set(name, node.length);
    }
    return sizes;
  }

  /** Removes a folder with its content, as an operator would. */
  remove(path: string): void {
    const { folder, name } = this.parent(path);
    if (folder?.get(name) === undefined) return;
    folder.unlink(name);
    folder.sync();
  }

  /** @internal Draws whether a fault happens, and counts it. Returns true if it does. */
  happens(fault: keyof DiskChances): boolean {
    const chance = this.chances[fault] ?? 0;
    if (chance === 0 || this.#random() >= chance) return false;
    this.count(fault);
    return true;
  }

  /** @internal */
  count(fault: DiskFault): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
  }

  /** @internal Returns an integer from 1 to `max`. */
  upTo(max: number): number {
    return 1 + Math.floor(this.#random() * max);
  }

  /** @internal */
  after(clock: DiskClock, isLate: boolean, callback: () => void): void {
    const ms = this.#random() * (isLate ? LATE_MS : CALL_MS);
    if (isLate) this.#onLateSync(ms);
    clock.after(ms, callback);
  }

  /** @internal */
  failSync(node: Node): void {
    if (!node.isFolder) node.failSync(this.#random);
  }

  /** @internal */
  ended(process: DiskProcess): void {
    this.#processes.delete(process);
  }

  /** @internal */
  nextId(): bigint {
    return ++this.#nodes;
  }

  /** @internal Returns the file or folder at a path. */
  find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split("/")) {
      if (name === "") continue;
      if (!node?.isFolder) return undefined;
      node = node.get(name);
    }
    return node;
  }

  /** @internal Returns the parent folder of a path, and the name in it. */
  parent(path: string): { readonly folder: FolderNode | undefined; readonly name: string } {
    const folder = this.find(posix.dirname(path));
    return { folder: folder?.isFolder ? folder : undefined, name: posix.basename(path) };
  }
}
