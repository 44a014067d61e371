import { type Clock, elapsedMs, systemClock } from "../internal/clock.ts";

/**
 * Long work, as a generator. It yields after each small step, so that the server can serve other
 * clients in between. Its return value is the result.
 */
export type Work<T> = Generator<undefined, T, undefined>;

/** Length of a slice in ms. Other clients are served after it. */
const SLICE_MS = 8;

/** Steps of background work that run immediately. */
const FIRST_STEPS = 8;

/** The clock and timer of {@linkcode Slices}. Tests pass their own. */
export interface SliceTimer {
  /** Monotonic time in ms. */
  now(): number;
  /** Calls back after the event loop has polled its sockets. */
  later(callback: () => void): void;
}

const systemTimer: SliceTimer = {
  now: () => elapsedMs(systemClock),
  // Not `setImmediate`: Deno looks at its sockets only after hundreds of these.
  later: (callback) => void systemClock.after(0, callback),
};

/**
 * Slices measured by a clock, for a server without sockets. If the clock stands still, all work is
 * one slice: real time would let the clients' deadlines pass while the server works.
 */
export function slicesBy(clock: Clock): Slices {
  if (clock === systemClock) return new Slices();
  return new Slices({
    now: () => elapsedMs(clock),
    later: (callback) => void Promise.resolve().then(callback),
  });
}

interface SlicedTask {
  /** Works until `isOver` returns true. Returns true if all work is done. */
  run(isOver: () => boolean): boolean;
  /** Cancels the work with an error. */
  fail(error: Error): void;
}

/**
 * Runs long work in slices of a few milliseconds, in turn. Between two slices, the event loop looks
 * at the sockets.
 */
export class Slices {
  readonly timer: SliceTimer;
  #tasks: SlicedTask[] = [];
  #isScheduled = false;
  #poll: Promise<void> | undefined;
  #isClosed = false;

  constructor(timer: SliceTimer = systemTimer) {
    this.timer = timer;
  }

  /** Runs work. Returns the result directly if one slice is enough and no other work is running. */
  run<T>(work: Work<T>): T | Promise<T> {
    if (this.#tasks.length > 0) return this.#queue(work);
    const isOver = this.startSlice();
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (!isOver());
    return this.#queue(work);
  }

  /**
   * Starts background work. Its first steps always run immediately, so short work is finished when
   * this returns.
   */
  start(work: Work<void>): void {
    for (let i = 0; i < FIRST_STEPS; i++) if (work.next().done) return;
    // It runs until the server closes.
    this.#queue(work).catch(() => {});
  }

  /**
   * Resolves after the event loop has polled the sockets and all other work has had its turn.
   */
  afterOthers(): Promise<void> {
    return this.#queue(nothing());
  }

  /** Resolves after the event loop has polled the sockets. All callers share one wait. */
  afterPoll(): Promise<void> {
    return this.#poll ??= new Promise((resolve) =>
      this.timer.later(() => {
        this.#poll = undefined;
        resolve();
      })
    );
  }

  /** The time that slices are measured with. */
  now(): number {
    return this.timer.now();
  }

  /** Number of pieces of work in progress. */
  get size(): number {
    return this.#tasks.length;
  }

  /** Cancels all work in progress. */
  close(error: Error): void {
    this.#isClosed = true;
    for (const task of this.#tasks.splice(0)) task.fail(error);
  }

  #queue<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#tasks.push({
        run(isOver) {
          try {
            do {
              const step = work.next();
              if (step.done) {
                resolve(step.value);
                return true;
              }
            } while (!isOver());
          } catch (error) {
            reject(error);
            return true;
          }
          return false;
        },
        fail: reject,
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#tasks.length === 0 || this.#isClosed) return;
    this.#isScheduled = true;
    this.timer.later(() => {
      this.#isScheduled = false;
      const task = this.#tasks.shift();
      if (task !== undefined && !task.run(this.startSlice())) this.#tasks.push(task);
      this.#schedule();
    });
  }

  /** Starts a slice. The returned function reports whether its time is over. */
  startSlice(begin: number = this.timer.now()): () => boolean {
    const end = begin + SLICE_MS;
    return () => this.timer.now() >= end;
  }
}

function* nothing(): Work<void> {}

/** Runs work to its end at once. */
export function runToEnd<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
