import type { Emitter } from "../events.ts";
import { backoffMs } from "../internal/backoff.ts";
import type { Clock } from "../internal/clock.ts";
import type { ProcessExit, SupervisorEvents } from "./events.ts";
import type { SupervisorSettings } from "./options.ts";
import type { ProcessState, SupervisedProcess } from "./report.ts";
import type { Child, ForwardedSignal, ProcessEnd, Spawn } from "./spawn.ts";

/** The parts that slots share. */
export interface ProcessSlotParts {
  readonly settings: Pick<SupervisorSettings, "restart" | "backoff" | "maxRestarts">;
  readonly spawn: Spawn;
  readonly events: Emitter<SupervisorEvents>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when the process of this slot has ended, perhaps for good. */
  onEnd(exit: ProcessExit): void;
}

/** A slot of a supervisor: a process, and after its end the next one. */
export class ProcessSlot {
  readonly index: number;
  state: ProcessState = "ended";
  restarts = 0;
  /** True if the processes ended too often. */
  isGivenUp = false;
  lastExit: ProcessExit | undefined;
  readonly #parts: ProcessSlotParts;
  #child: Child | undefined;
  #startedAt = 0;
  /** Restarts since a process last ran long enough. */
  #restartsInARow = 0;
  #isClosed = false;
  #cancelWait: (() => void) | undefined;

  constructor(index: number, parts: ProcessSlotParts) {
    this.index = index;
    this.#parts = parts;
  }

  /** A snapshot of the slot for users. */
  get process(): SupervisedProcess {
    return {
      index: this.index,
      pid: this.#child?.pid,
      state: this.state,
      startedAt: new Date(this.#startedAt),
      restarts: this.restarts,
    };
  }

  /** Starts a process. */
  start(): void {
    const { spawn, clock, events } = this.#parts;
    const { index, restarts } = this;
    this.state = "running";
    this.#startedAt = clock.now();
    const child = this.#child = spawn(index, (end) => this.#ended(child, end));
    if (child.pid !== undefined) events.emit("start", { index, pid: child.pid, restarts });
  }

  send(signal: ForwardedSignal): void {
    this.#child?.send(signal);
  }

  kill(): void {
    this.#child?.kill();
  }

  /** Prevents restarts. The current process keeps running. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
    if (this.state === "waiting") this.state = "ended";
  }

  #ended({ pid }: Child, end: ProcessEnd): void {
    const { clock, settings, events, onEnd } = this.#parts;
    const { index } = this;
    const endedAt = clock.now();
    this.#child = undefined;
    if (endedAt - this.#startedAt >= settings.backoff.resetAfterMs) this.#restartsInARow = 0;
    const restarts = this.#restartsInARow;
    const mustRestart = this.#mustRestart(end);
    this.isGivenUp = mustRestart && restarts >= settings.maxRestarts;
    const retryInMs = mustRestart && !this.isGivenUp ? this.#wait() : undefined;
    if (retryInMs === undefined) this.state = "ended";
    const startedAt = new Date(this.#startedAt);
    const exit = this.lastExit = { index, pid, ...end, startedAt, endedAt: new Date(endedAt) };
    events.emit("exit", { ...exit, retryInMs });
    if (this.isGivenUp) events.emit("gaveUp", { index, restarts });
    onEnd(exit);
  }

  #mustRestart({ code }: ProcessEnd): boolean {
    const { restart } = this.#parts.settings;
    return !this.#isClosed && restart !== "never" && (restart === "always" || code !== 0);
  }

  #wait(): number {
    const { clock, settings, random } = this.#parts;
    const waitMs = backoffMs(this.#restartsInARow++, settings.backoff, random);
    this.state = "waiting";
    this.#cancelWait = clock.after(waitMs, () => {
      this.restarts++;
      this.start();
    });
    return waitMs;
  }
}
