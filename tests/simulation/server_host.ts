import { elapsedMs } from "../../src/internal/clock.ts";
import { ServerState } from "../../src/server/server_state.ts";
import type { ServerEdition } from "../../src/server/server_options.ts";
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

/** The plan of the server. */
export interface ServerPlan {
  readonly clock: ClockError;
  readonly fetchWaitMs: number;
  /** True if long work yields to other clients after every step. */
  readonly hasTinySlices: boolean;
  readonly maxConnections: number;
  readonly edition: ServerEdition;
}

/** Parts of a {@linkcode ServerHost}. */
export interface ServerHostParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly plan: ServerPlan;
  /** The storage of its jobs. @default memory */
  readonly storage: ServerStorage | undefined;
}

/** Shortest time until a server starts again, in milliseconds. */
const RESTART_MS = 500;

/** A save that takes this long is a fault of the server, in milliseconds. */
const SLOW_SAVE_MS = 1000;

/** Longest pause for which clients keep their connections, in milliseconds. */
export const SHORT_PAUSE_MS = 10_000;

/** Time for which the server is down after it could not save a change, in milliseconds. */
const FAILED_MS = 3000;

/** The server of a world, as a process that is killed and started again. */
export class ServerHost {
  /** The running server; `undefined` while it is down. */
  state: ServerState | undefined;
  process: SimulatedProcess;
  readonly #parts: ServerHostParts;
  readonly #journal = new Journal();
  #store: Store = nullStore;
  #starts = 0;
  #hasStarted = false;
  /** Value of `storage.lost` at the last start. */
  #lost = 0;

  constructor(parts: ServerHostParts) {
    this.#parts = parts;
    const { storage, ledger, timeline } = parts;
    if (storage !== undefined) {
      ledger.journal = this.#journal;
      storage.onSlowSave = (ms) => {
        if (ms < SLOW_SAVE_MS) return;
        // Until then, the server confirms nothing that it changes.
        ledger.server.troubled(timeline.now + ms);
      };
    }
    this.process = this.#newProcess(parts.plan.clock.aheadMs);
  }

  /** Starts the server. If its storage cannot be opened, tries again. */
  async start(): Promise<void> {
    const { storage, timeline, ledger } = this.#parts;
    // The new process has the clock of the same machine.
    const process = this.process = this.#newProcess(this.process.aheadMs);
    let open: OpenStore = { store: nullStore, whenFailed() {} };
    try {
      if (storage !== undefined) open = await storage.open(process);
    } catch (error) {
      if (process.isDead) return;
      ledger.count("starts of a server that failed");
      const { code, message } = error as { code?: string; message: string };
      if (code === "INVALID_DATA" && storage!.lost === 0) {
        ledger.violated("a log can be read if no sync lied", message);
      }
      process.kill();
      timeline.at(timeline.now + RESTART_MS, () => void this.start());
      return;
    }
    if (process.isDead) return;
    this.#begin(process, open);
  }

  /**
   * Kills the process, or cuts the power of its machine, and starts the server again after
   * `downMs`. Returns false if the server does not run.
   */
  kill(how: "kill" | "power", downMs: number): boolean {
    if (this.state === undefined) return false;
    this.die(how, downMs);
    return true;
  }

  /** Like `kill`, also while the process starts or stops. */
  die(how: "kill" | "power", downMs: number): void {
    if (this.process.isDead) return;
    const { timeline, storage } = this.#parts;
    this.#gone();
    storage?.crash(how);
    timeline.at(timeline.now + downMs, () => void this.start());
  }

  /**
   * Kills the process, and starts the server on another machine, whose clock is ahead by `aheadMs`.
   * Returns false if the server does not run.
   */
  move(aheadMs: number, downMs: number): boolean {
    if (!this.kill("kill", downMs)) return false;
    const { ledger, timeline } = this.#parts;
    ledger.server.jumpedAt = timeline.now;
    this.process.jump(aheadMs - this.process.aheadMs);
    return true;
  }

  /** Stops the server and starts it after `downMs`. Returns false if the server does not run. */
  stop(downMs: number): boolean {
    const { state } = this;
    if (state === undefined) return false;
    this.#parts.ledger.server.down();
    this.state = undefined;
    this.#parts.network.server = undefined;
    void this.#close(state, downMs);
    return true;
  }

  async #close(state: ServerState, downMs: number): Promise<void> {
    const { process } = this;
    const { storage, timeline } = this.#parts;
    state.close();
    // Clients got the error for changes that could not be saved.
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
    if (!isFirst) {
      ledger.server.up(ledger.now);
      ledger.restarts.begin();
    }
    const spy = new SpyStore(store, ledger, process);
    const state = this.state = new ServerState({
      clock: process,
      fetchWaitMs: plan.fetchWaitMs,
      maxConnections: plan.maxConnections,
      edition: plan.edition,
    }, { store: spy, random: () => random.next(), slices: this.#slices(process) });
    const lost = storage?.lost ?? 0;
    if (!isFirst) ledger.restarts.end(storage === undefined || lost > this.#lost);
    this.#lost = lost;
    this.#store = store;
    this.#journal.open(store);
    spy.watch.watch(state);
    watchWorkers(state, ledger);
    network.server = { process, accept: (peer) => state.connect(peer) };
    // Like `FaktoryServer`, it closes itself; its supervisor starts it again.
    whenFailed(() => void (process.isDead || this.stop(FAILED_MS)));
  }

  /** Records the end of the process. */
  #gone(): void {
    const { network, ledger } = this.#parts;
    this.process.kill();
    this.state = undefined;
    network.server = undefined;
    ledger.server.down();
    for (const link of network.links) link.orphan();
  }

  /** Pauses the process for `ms` milliseconds. */
  pause(ms: number): void {
    const { ledger, timeline } = this.#parts;
    ledger.server.troubled(timeline.now + ms, ms < SHORT_PAUSE_MS);
    this.process.pause(ms);
  }

  /** Sets its time of day. */
  jump(ms: number): void {
    const { ledger, timeline } = this.#parts;
    ledger.server.jumpedAt = ledger.server.setAt = timeline.now;
    ledger.server.troubled(timeline.now);
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
  const { beat, reap } = workers;
  workers.beat = (wid, state, rssKb) => {
    const wanted = beat.call(workers, wid, state, rssKb);
    if (wanted !== undefined && wanted !== "running") ledger.runs.told(wid);
    return wanted;
  };
  workers.reap = function* () {
    const before = workers.list();
    const count = yield* reap.call(workers);
    const now = new Set(workers.list().map(({ wid }) => wid));
    for (const { wid } of before) if (!now.has(wid)) ledger.runs.forgotten(wid);
    return count;
  };
}
