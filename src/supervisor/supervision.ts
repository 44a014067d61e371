import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import type { ProcessExit, SupervisorEvents } from "./events.ts";
import type { SupervisorSettings } from "./options.ts";
import { Place } from "./place.ts";
import type { SupervisedProcess, SupervisorEndReason, SupervisorReport } from "./report.ts";
import type { Spawn } from "./spawn.ts";

/** What a run of a supervisor is made of. */
export interface SupervisionParts {
  readonly settings: Omit<SupervisorSettings, "program">;
  readonly spawn: Spawn;
  readonly events: Emitter<SupervisorEvents>;
  readonly clock: Clock;
  readonly random?: () => number;
  /** A process has ended. */
  readonly ended?: (exit: ProcessExit) => void;
}

/** One run of a supervisor: its processes, from the first's start to the last's end. */
export class Supervision {
  readonly #parts: SupervisionParts;
  readonly #places: readonly Place[];
  readonly #ended = deferred();
  #reason: SupervisorEndReason | undefined;
  #cancelGrace: (() => void) | undefined;

  constructor(parts: SupervisionParts) {
    const { settings, random = Math.random } = this.#parts = parts;
    const ended = (exit: ProcessExit) => {
      parts.ended?.(exit);
      this.#proceed();
    };
    this.#places = Array.from(
      { length: settings.processes },
      (_, index) => new Place(index, { ...parts, random, ended }),
    );
  }

  /** Its processes, by place. */
  get processes(): readonly SupervisedProcess[] {
    return this.#places.map((place) => place.process);
  }

  /** Starts the processes, and tells how it went once none is left. */
  async run(): Promise<SupervisorReport> {
    for (const place of this.#places) {
      // A listener that was told of the first may have stopped it.
      if (this.#reason === undefined) place.start();
    }
    this.#proceed();
    await this.#ended.promise;
    this.#cancelGrace?.();
    const places = this.#places;
    const isGivenUp = places.some((place) => place.isGivenUp);
    return {
      reason: this.#reason ?? (isGivenUp ? "gaveUp" : "ended"),
      exits: places.flatMap(({ lastExit }) => lastExit ?? []),
      restarts: places.reduce((sum, { restarts }) => sum + restarts, 0),
    };
  }

  /**
   * Tells the processes to take no more jobs. One that ends is not started again: it would take
   * some.
   */
  quiet(): void {
    for (const place of this.#places) {
      place.close();
      place.send("SIGTSTP");
    }
    this.#proceed();
  }

  /** Tells the processes to print what they run. */
  print(): void {
    for (const place of this.#places) place.send("SIGTTIN");
  }

  /**
   * Tells the processes to end, and kills those that have not after `graceMs`, or as long as the
   * first call allowed.
   */
  stop(reason: SupervisorEndReason, graceMs: number | undefined): void {
    const { clock, settings } = this.#parts;
    const isFirst = this.#reason === undefined;
    this.#reason ??= reason;
    for (const place of this.#places) {
      place.close();
      place.send("SIGTERM");
    }
    if (isFirst || graceMs !== undefined) {
      this.#cancelGrace?.();
      this.#cancelGrace = clock.after(graceMs ?? settings.graceMs, () => {
        for (const place of this.#places) place.kill();
      });
    }
    this.#proceed();
  }

  #proceed(): void {
    if (this.#places.every(({ state }) => state === "ended")) this.#ended.resolve();
  }
}
