import type { Clock } from "../../src/internal/clock.ts";

interface Timer {
  readonly at: number;
  callback: (() => void) | undefined;
}

/**
 * A clock that stands still until it is moved, like `ManualClock`, but with the faults of a real
 * machine: the time of day can jump, and its timers follow a time of their own. It is fast with
 * many timers, too.
 */
export class WallClock implements Clock {
  /** Time of the timers. */
  #elapsed = 0;
  #now: number;
  /** Sorted, with the last one due at the front. */
  readonly #timers: Timer[] = [];
  #pending = 0;

  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Number of waiting timers. */
  get pending(): number {
    return this.#pending;
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(ms, 0), callback };
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle]!.at > timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    this.#pending++;
    return () => {
      if (timer.callback === undefined) return;
      timer.callback = undefined;
      this.#pending--;
    };
  }

  /** Moves the time, with timers on time. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let timer; (timer = this.#next(end)) !== undefined;) {
      this.#pass(Math.max(0, timer.at - this.#elapsed));
      this.#call(timer);
    }
    this.#pass(end - this.#elapsed);
  }

  /** Moves the time while nothing can run. Timers that are due meanwhile run afterwards, late. */
  block(ms: number): void {
    this.#pass(ms);
    for (let timer; (timer = this.#next(this.#elapsed)) !== undefined;) this.#call(timer);
  }

  /**
   * Sets the clock forward or back. Also stands for a machine that sleeps, and its timers with it.
   */
  jump(ms: number): void {
    this.#now += ms;
  }

  #pass(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }

  #next(end: number): Timer | undefined {
    while (this.#timers.length > 0 && this.#timers.at(-1)!.callback === undefined) {
      this.#timers.pop();
    }
    return this.#timers.length > 0 && this.#timers.at(-1)!.at <= end
      ? this.#timers.pop()
      : undefined;
  }

  #call(timer: Timer): void {
    const { callback } = timer;
    timer.callback = undefined;
    this.#pending--;
    callback?.();
  }
}

/** Runs everything that needs no time. Not for sockets, which need a turn of `setTimeout`. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Moves the clock until the promise settles. Returns its result and the time that it took;
 * `undefined` if it never settles.
 */
export async function settle<T>(
  clock: { now(): number; advance(ms: number): void },
  promise: Promise<T>,
  { stepMs = 50, maxMs = 600_000 } = {},
): Promise<PromiseSettledResult<T> & { readonly tookMs: number } | undefined> {
  let result: PromiseSettledResult<T> | undefined;
  promise.then(
    (value) => result = { status: "fulfilled", value },
    (reason) => result = { status: "rejected", reason },
  );
  const since = clock.now();
  await turn();
  while (result === undefined && clock.now() - since < maxMs) {
    clock.advance(stepMs);
    await turn();
  }
  return result === undefined ? undefined : { ...result, tookMs: clock.now() - since };
}
