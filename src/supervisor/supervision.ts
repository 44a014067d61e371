import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import type { ProcessExit, SupervisorEvents } from "./events.ts";
import type { SupervisorSettings } from "./options.ts";
import { ProcessSlot } from "./process_slot.ts";
import type { SupervisedProcess, SupervisorEndReason, SupervisorReport } from "./report.ts";
import type { Spawn } from "./spawn.ts";

/** The parts of a run. */
export interface SupervisionParts {
  readonly settings: Omit<SupervisorSettings, "program">;
  readonly spawn: Spawn;
  readonly events: Emitter<SupervisorEvents>;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Called when a process has ended. */
  readonly onEnd?: (exit: ProcessExit) => void;
}

/** One run of a supervisor, from the start of its first process to the end of its last. */
export class Supervision {
  readonly #parts: SupervisionParts;
  readonly #slots: readonly ProcessSlot[];
  readonly #ended = deferred();
  #reason: SupervisorEndReason | undefined;
  #cancelGrace: (() => void) | undefined;

  constructor(parts: SupervisionParts) {
    const { settings, random = Math.random } = this.#parts = parts;
    const onEnd = (exit: ProcessExit) => {
      parts.onEnd?.(exit);
      this.#checkEnd();
    };
    this.#slots = Array.from(
      { length: settings.processes },
      (_, index) => new ProcessSlot(index, { ...parts, random, onEnd }),
    );
  }

  /** The processes by slot. */
  get processes(): readonly SupervisedProcess[] {
    return this.#slots.map((slot) => slot.process);
  }

  /** Starts the processes. Resolves when none is left. */
  async run(): Promise<SupervisorReport> {
    for (const slot of this.#slots) {
      // A listener of the first start may have stopped the run.
      if (this.#reason === undefined) slot.start();
    }
    this.#checkEnd();
    await this.#ended.promise;
    this.#cancelGrace?.();
    const slots = this.#slots;
    const isGivenUp = slots.some((slot) => slot.isGivenUp);
    return {
      reason: this.#reason ?? (isGivenUp ? "gaveUp" : "ended"),
      exits: slots.flatMap(({ lastExit }) => lastExit ?? []),
      restarts: slots.reduce((sum, { restarts }) => sum + restarts, 0),
    };
  }

  /**
   * Tells the processes to fetch no more jobs. A process that ends is not restarted, since it would
   * fetch jobs.
   */
  quiet(): void {
    for (const slot of this.#slots) {
      slot.close();
      slot.send("SIGTSTP");
    }
    this.#checkEnd();
  }

  /** Tells the processes to print their running jobs. */
  print(): void {
    for (const slot of this.#slots) slot.send("SIGTTIN");
  }

  /**
   * Tells the processes to end. Kills those that still run after `graceMs`, by default the time of
   * the first call.
   */
  stop(reason: SupervisorEndReason, graceMs: number | undefined): void {
    const { clock, settings } = this.#parts;
    const isFirst = this.#reason === undefined;
    this.#reason ??= reason;
    for (const slot of this.#slots) {
      slot.close();
      slot.send("SIGTERM");
    }
    if (isFirst || graceMs !== undefined) {
      this.#cancelGrace?.();
      this.#cancelGrace = clock.after(graceMs ?? settings.graceMs, () => {
        for (const slot of this.#slots) slot.kill();
      });
    }
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#slots.every(({ state }) => state === "ended")) this.#ended.resolve();
  }
}
