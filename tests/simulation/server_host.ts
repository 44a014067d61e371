import { elapsedMs } from "../../src/internal/clock.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { Slices } from "../../src/server/slices.ts";
import { nullStore, type Store } from "../../src/server/store/store.ts";
import { Journal } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { SpyStore } from "./spy_store.ts";
import type { OpenStore, ServerStorage } from "./storage.ts";
import type { Timeline } from "./timeline.ts";

/** How the server of a world is. */
export interface ServerPlan {
  readonly clock: ClockError;
  readonly fetchWaitMs: number;
  /** Long work gives way to others after every step. */
  readonly hasTinySlices: boolean;
  readonly maxConnections: number;
}

/** What a {@linkcode ServerHost} is made of. */
export interface ServerHostParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly plan: ServerPlan;
  /** Where it keeps its jobs; without one it has them in memory. */
  readonly storage: ServerStorage | undefined;
}

/** How long a server takes to start again at the least, in milliseconds. */
const RESTART_MS = 500;

/** How long it is down after it could not save something. */
const FAILED_MS = 3000;

/** The server of a world, as a process that is killed and started again. */
export class ServerHost {
  /** There while the server runs. */
  state: ServerState | undefined;
  process: SimulatedProcess;
  readonly #parts: ServerHostParts;
  readonly #journal = new Journal();
  #store: Store = nullStore;
  #starts = 0;
  #hasStarted = false;
  /** What the storage had lost when it was last looked at. */
  #lost = 0;

  constructor(parts: ServerHostParts) {
    this.#parts = parts;
    if (parts.storage !== undefined) parts.ledger.journal = this.#journal;
    this.process = this.#newProcess(parts.plan.clock.aheadMs);
  }

  /** Starts it, again until its storage can be opened. */
  async start(): Promise<void> {
    const { storage, timeline, ledger } = this.#parts;
    // The machine's clock goes on.
    const process = this.process = this.#newProcess(this.process.aheadMs);
    let open: OpenStore = { store: nullStore, whenFailed() {} };
    try {
      if (storage !== undefined) open = await storage.open(process);
    } catch (error) {
      ledger.count("starts of a server that failed");
      const { code, message } = error as { code?: string; message: string };
      if (code === "INVALID_DATA" && storage!.lost === 0) {
        ledger.violated("a log that no disk lied about can be read", message);
      }
      process.kill();
      timeline.at(timeline.now + RESTART_MS, () => void this.start());
      return;
    }
    if (process.isDead) return;
    this.#begin(process, open);
  }

  /**
   * Kills the process, or the machine loses power: what only it had is gone. It is started again
   * after so long. False where it does not run.
   */
  kill(how: "kill" | "power", downMs: number): boolean {
    if (this.state === undefined) return false;
    const { timeline, storage } = this.#parts;
    this.#gone();
    storage?.crash(how);
    timeline.at(timeline.now + downMs, () => void this.start());
    return true;
  }

  /** Stops it as a deploy does, and starts it again after so long; false where it does not run. */
  stop(downMs: number): boolean {
    const { state } = this;
    if (state === undefined) return false;
    this.state = undefined;
    this.#parts.network.server = undefined;
    void this.#close(state, downMs);
    return true;
  }

  async #close(state: ServerState, downMs: number): Promise<void> {
    const { process } = this;
    const { storage, timeline } = this.#parts;
    state.close();
    // What cannot be saved was told to whoever asked.
    await this.#store.close().catch(() => {});
    await process.sleep(RESTART_MS);
    if (process.isDead) return;
    this.#gone();
    storage?.crash("kill");
    timeline.at(timeline.now + downMs, () => void this.start());
  }

  #begin(process: SimulatedProcess, { store, whenFailed }: OpenStore): void {
    const { network, ledger, random, plan, storage } = this.#parts;
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    if (!isFirst) ledger.serverStarts();
    const spy = new SpyStore(store, ledger, process);
    const state = this.state = new ServerState({
      clock: process,
      fetchWaitMs: plan.fetchWaitMs,
      maxConnections: plan.maxConnections,
    }, { store: spy, random: () => random.next(), slices: this.#slices(process) });
    const lost = storage?.lost ?? 0;
    if (!isFirst) ledger.serverStarted(storage === undefined || lost > this.#lost);
    this.#lost = lost;
    this.#store = store;
    this.#journal.open(store);
    spy.watch(state.context.manager);
    watchWorkers(state, ledger);
    network.server = { process, accept: (peer) => state.connect(peer) };
    // As `FaktoryServer` does: it closes itself, and whoever supervises it starts it again.
    whenFailed(() => void (process.isDead || this.stop(FAILED_MS)));
  }

  /** The process is gone. */
  #gone(): void {
    const { network, ledger, timeline } = this.#parts;
    this.process.kill();
    this.state = undefined;
    network.server = undefined;
    ledger.serverTroubledAt = timeline.now;
    for (const link of network.links) link.orphan();
  }

  /** Stops it for so long, and lets it go on. */
  pause(ms: number): void {
    this.#parts.ledger.serverTroubledAt = this.#parts.timeline.now + ms;
    this.process.pause(ms);
  }

  /** Sets its time of day. */
  jump(ms: number): void {
    this.#parts.ledger.serverTroubledAt =
      this.#parts.ledger.serverJumpedAt =
        this.#parts.timeline.now;
    this.process.jump(ms);
  }

  #newProcess(aheadMs: number | undefined): SimulatedProcess {
    const { timeline, plan: { clock: { rate } } } = this.#parts;
    return new SimulatedProcess(`server ${this.#starts++}`, timeline, { aheadMs, rate });
  }

  #slices(process: SimulatedProcess): Slices {
    let steps = 0;
    const { hasTinySlices } = this.#parts.plan;
    return new Slices({
      now: () => hasTinySlices ? 8 * steps++ : elapsedMs(process),
      later: (callback) => void process.after(0, callback),
    });
  }
}

/** Tells the ledger of workers that the server forgets. */
function watchWorkers({ workers }: ServerState, ledger: Ledger): void {
  const { reap } = workers;
  workers.reap = function* () {
    const before = workers.list();
    const count = yield* reap.call(workers);
    const now = new Set(workers.list().map(({ wid }) => wid));
    for (const { wid } of before) if (!now.has(wid)) ledger.forgotten(wid);
    return count;
  };
}
