import { type Deferred, deferred } from "../internal/deferred.ts";

/**
 * Jobs of one source that are under way at once: two large commands, so that the server has one while the next is made. What
 * waits for its answer outlives the engine's quick collections, which are made for what dies young: with 4,000 a stream took a
 * third more CPU time and half as much memory again.
 */
const SIZE = 1000;

/** The part of it that is to be free before more jobs come: they go out in few, large commands. */
const REFILL = 1 / 2;

/** Bounds how many jobs of one source are under way. */
export class InFlightWindow {
  #underWay = 0;
  #waiting: { readonly atMost: number; readonly deferred: Deferred<void> } | undefined;

  /** Whether the next job has to wait. */
  get isFull(): boolean {
    return this.#underWay >= SIZE;
  }

  /** A job begins. */
  begin(): void {
    this.#underWay++;
  }

  /** One that began has ended. */
  end(): void {
    this.#underWay--;
    if (this.#waiting !== undefined && this.#underWay <= this.#waiting.atMost) this.release();
  }

  /** Resolves once there is room for many more, or at `release`. */
  room(): Promise<void> {
    return this.#wait(SIZE * REFILL);
  }

  /** Resolves once none is under way, or at `release`. */
  empty(): Promise<void> {
    return this.#wait(0);
  }

  /** Lets the one who waits go on, whatever is under way. */
  release(): void {
    this.#waiting?.deferred.resolve();
    this.#waiting = undefined;
  }

  #wait(atMost: number): Promise<void> {
    if (this.#underWay <= atMost) return Promise.resolve();
    this.#waiting = { atMost, deferred: deferred() };
    return this.#waiting.deferred.promise;
  }
}
