import { elapsedMs } from "../../src/internal/clock.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { Slices } from "../../src/server/slices.ts";
import { nullStore } from "../../src/server/store/store.ts";
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

/** The server of a world, as a process that is killed and started again. */
export class ServerHost {
  /** There while the server runs. */
  state: ServerState | undefined;
  process: SimulatedProcess;
  readonly #parts: ServerHostParts;
  #starts = 0;

  constructor(parts: ServerHostParts) {
    this.#parts = parts;
    this.process = this.#newProcess();
  }

  /** Starts it. */
  async start(): Promise<void> {
    const { network, ledger, random, plan, storage } = this.#parts;
    const process = this.process = this.#newProcess();
    const open: OpenStore = await storage?.open(process) ??
      { store: nullStore, whenFailed() {} };
    if (process.isDead) return;
    const store = new SpyStore(open.store, ledger);
    const state = this.state = new ServerState({
      clock: process,
      fetchWaitMs: plan.fetchWaitMs,
    }, { store, random: () => random.next(), slices: this.#slices(process) });
    store.watch(state.context.manager);
    network.server = { process, accept: (peer) => state.connect(peer) };
  }

  /** Kills the process, or the machine loses power; what only it had is gone. */
  kill(how: "kill" | "power"): void {
    const { network, storage } = this.#parts;
    this.process.kill();
    this.state = undefined;
    network.server = undefined;
    for (const link of network.links) link.orphan();
    storage?.crash(how);
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

  #newProcess(): SimulatedProcess {
    const { timeline, plan } = this.#parts;
    return new SimulatedProcess(`server ${this.#starts++}`, timeline, plan.clock);
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
