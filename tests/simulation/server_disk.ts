import { ConfigError } from "../../src/errors.ts";
import { GroupCommit } from "../../src/server/store/group_commit.ts";
import { openLog } from "../../src/server/store/open_log.ts";
import { type DiskChances, SimulatedDisk } from "./disk.ts";
import type { DiskProcess } from "./disk_process.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { OpenStore, ServerStorage } from "./storage.ts";
import type { Timeline } from "./timeline.ts";

/** The plan of the disk. */
interface DiskPlan {
  readonly chances: DiskChances;
  /** Mean time between two periods in which nothing can be written, in ms. */
  readonly troubleEveryMs: number;
  /** Size of a segment of the log, in bytes. */
  readonly segment: number;
}

const HEALTHY: Partial<DiskChances> = {};

const DATA = "/data";

/** Draws the plan of a disk. Some disks have no faults of a kind, as one kind may hide another. */
function planOf(random: Random): DiskPlan {
  const some = (chance: number) => random.chance(0.4) ? chance * random.next() : 0;
  return {
    chances: {
      shortWrite: some(0.2),
      shortRead: some(0.5),
      failedSync: some(0.03),
      lyingSync: random.chance(0.1) ? 0.05 : 0,
      lateSync: some(0.004),
    },
    troubleEveryMs: random.pick([10_000, 60_000, 600_000]),
    segment: random.pick([8, 32, 128]) * 1024,
  };
}

/** The disk of a server, with the log that the server keeps on it. */
export class ServerDisk implements ServerStorage {
  onSlowSave: (ms: number) => void = () => {};
  readonly #disk: SimulatedDisk;
  readonly #plan: DiskPlan;
  readonly #random: Random;
  readonly #timeline: Timeline;
  #process: DiskProcess | undefined;
  #isHealed = false;

  constructor({ timeline, random }: { readonly timeline: Timeline; readonly random: Random }) {
    this.#timeline = timeline;
    this.#random = random;
    this.#plan = planOf(random);
    const numbers = random.fork();
    this.#disk = new SimulatedDisk({
      random: () => numbers.next(),
      chances: this.#plan.chances,
      onLateSync: (ms) => this.onSlowSave(ms),
    });
    this.#troubleLater();
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      Object.entries(this.#disk.counts).map(([fault, count]) => [NAMES[fault] ?? fault, count]),
    );
  }

  /**
   * Number of changes that are lost although a sync confirmed them, because the sync lied. Changes
   * that the store has saved may be missing only if this number grows.
   */
  get lost(): number {
    return this.#disk.lost;
  }

  async open(process: SimulatedProcess): Promise<OpenStore> {
    const disk = this.#process = this.#disk.process(process);
    const { segment } = this.#plan;
    try {
      const log = await openLog(DATA, {
        modules: disk.modules,
        sizes: { segment, free: 2 * segment },
        letOthersRun: () => process.sleep(0),
      });
      const store = new GroupCommit(log);
      return { store, whenFailed: (callback) => store.whenFailed(callback) };
    } catch (error) {
      disk.kill();
      this.#startAnew(error);
      throw error;
    }
  }

  crash(kind: "kill" | "power"): void {
    this.#process?.kill();
    if (kind === "power") this.#disk.losePower();
  }

  /** Kills the server in its next call of this name, and calls `onDeath`. */
  dieIn(call: string, onDeath: () => void): void {
    this.#process?.dieInCall(call, onDeath);
  }

  heal(): void {
    this.#isHealed = true;
    this.#disk.chances = HEALTHY;
    this.#disk.isFull = this.#disk.isReadOnly = false;
  }

  /** Removes damaged data, as an operator would. */
  #startAnew(error: unknown): void {
    const isDamaged = error instanceof ConfigError && error.code === "INVALID_DATA";
    if (isDamaged) this.#disk.remove(DATA);
  }

  /** Makes the disk full or read-only from time to time. */
  #troubleLater(): void {
    const { troubleEveryMs } = this.#plan;
    this.#after(this.#random.between(1, 2 * troubleEveryMs), () => {
      const trouble = this.#random.chance(0.7) ? "isFull" : "isReadOnly";
      this.#disk[trouble] = true;
      this.#after(this.#random.between(1, 5000), () => {
        this.#disk[trouble] = false;
        this.#troubleLater();
      });
    });
  }

  #after(ms: number, callback: () => void): void {
    this.#timeline.at(this.#timeline.now + ms, () => this.#isHealed || callback());
  }
}

const NAMES: Readonly<Record<string, string>> = {
  shortWrite: "disk: short write",
  shortRead: "disk: short read",
  failedSync: "disk: sync failed",
  lyingSync: "disk: sync lied",
  lateSync: "disk: sync late",
  diskFull: "disk: full",
  readOnly: "disk: read-only",
  powerLoss: "power lost",
  killedInCall: "killed in a call of the disk",
};
