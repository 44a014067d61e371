import { JobAbortedError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Execution } from "./execution.ts";
import type { Meter } from "./limits/limit.ts";
import type { Planner } from "./queues/planner.ts";
import { Reservations } from "./reservations.ts";

/** The jobs that run: each has its slot, its reservation, and its place in the limits. */
export class RunningJobs {
  readonly #planner: Planner;
  readonly #reservations: Reservations;
  readonly #meters = new Map<Execution, readonly Meter[]>();

  constructor(clock: Clock, planner: Planner) {
    this.#planner = planner;
    this.#reservations = new Reservations(clock, () => this.#meters.keys());
  }

  get size(): number {
    return this.#meters.size;
  }

  /** Those that began first at the front. */
  get all(): readonly Execution[] {
    return [...this.#meters.keys()];
  }

  /** A job begins; `meters` are what it counts towards. */
  add(execution: Execution, meters: readonly Meter[]): void {
    this.#meters.set(execution, meters);
    this.#reservations.watch();
  }

  /** Its handler ended, or is not waited for any longer. */
  remove(execution: Execution): void {
    const meters = this.#meters.get(execution);
    if (meters === undefined) return;
    this.#meters.delete(execution);
    this.#planner.end(meters);
  }

  /** Its reservation lasts until `deadline` now, unless it lasts longer anyway: the server shortens none. */
  extend(execution: Execution, deadline: number): void {
    if (execution.isSettled || deadline <= execution.deadline) return;
    execution.deadline = deadline;
  }

  /** Asks every handler to end as the worker stops. */
  abortAll(): void {
    for (const execution of this.#meters.keys()) {
      const { jid } = execution.job;
      execution.abort(new JobAbortedError("STOPPED", `Job ${jid} has to end as its worker stops`));
    }
  }

  /** Ends its timer. */
  close(): void {
    this.#reservations.close();
  }
}
