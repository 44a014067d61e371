import { type Clock, elapsedMs, systemClock } from "../internal/clock.ts";

/**
 * Work that takes long, as a generator: it yields after each small piece of work, so that the
 * server can serve others in between. What it returns is the result.
 */
export type Work<T> = Generator<undefined, T, undefined>;

/** How long work may go on before others are served, in milliseconds. */
const SLICE_MS = 8;

/** Steps of work that nobody waits for which are done at once. */
const FIRST_STEPS = 8;

/** How {@linkcode Slices} tells the time and waits; tests have their own. */
export interface SliceTimer {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back once the event loop has looked at its sockets. */
  later(callback: () => void): void;
}

const systemTimer: SliceTimer = {
  now: () => elapsedMs(systemClock),
  // Not `setImmediate`: Deno looks at its sockets only after hundreds of these.
  later: (callback) => void systemClock.after(0, callback),
};

/**
 * Slices by a clock, for a server without sockets. Under a clock that stands still, all work is one
 * slice: time that passes for real would let the clients' deadlines pass while the server works.
 */
export function slicesBy(clock: Clock): Slices {
  if (clock === systemClock) return new Slices();
  return new Slices({
    now: () => elapsedMs(clock),
    later: (callback) => void Promise.resolve().then(callback),
  });
}

interface Task {
  /** Works until `isOver`; true once all is done. */
  go(isOver: () => boolean): boolean;
  /** Gives up. */
  fail(error: Error): void;
}

/**
 * Does long work in slices of a few milliseconds, all of it in turn, so that one slice runs between
 * two looks at the sockets.
 */
export class Slices {
  /** How it tells the time and waits. */
  readonly timer: SliceTimer;
  #tasks: Task[] = [];
  #isScheduled = false;
  #breath: Promise<void> | undefined;
  #isClosed = false;

  constructor(timer: SliceTimer = systemTimer) {
    this.timer = timer;
  }

  /**
   * Does work; the result comes at once where one slice is enough and no other work is under way.
   */
  run<T>(work: Work<T>): T | Promise<T> {
    if (this.#tasks.length > 0) return this.#queue(work);
    const isOver = this.slice();
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (!isOver());
    return this.#queue(work);
  }

  /**
   * Begins work that nobody waits for. Its first steps are done at once and always, whatever the
   * time: what does not take more of them is done when this returns.
   */
  start(work: Work<void>): void {
    for (let i = 0; i < FIRST_STEPS; i++) if (work.next().done) return;
    // It goes on until the server closes.
    this.#queue(work).catch(() => {});
  }

  /**
   * Resolves once the sockets were looked at, and all other work that is under way has had its
   * turn.
   */
  turn(): Promise<void> {
    return this.#queue(nothing());
  }

  /** Resolves once the sockets were looked at, for all who wait together. */
  breath(): Promise<void> {
    return this.#breath ??= new Promise((resolve) =>
      this.timer.later(() => {
        this.#breath = undefined;
        resolve();
      })
    );
  }

  /** The time by which slices are measured. */
  now(): number {
    return this.timer.now();
  }

  /** Work that is under way. */
  get size(): number {
    return this.#tasks.length;
  }

  /** Gives up all that is under way. */
  close(error: Error): void {
    this.#isClosed = true;
    for (const task of this.#tasks.splice(0)) task.fail(error);
  }

  #queue<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#tasks.push({
        go(isOver) {
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
      if (task !== undefined && !task.go(this.slice())) this.#tasks.push(task);
      this.#schedule();
    });
  }

  /** Says, from now on, whether a slice's time is over. */
  slice(begin: number = this.timer.now()): () => boolean {
    const end = begin + SLICE_MS;
    return () => this.timer.now() >= end;
  }
}

function* nothing(): Work<void> {}

/** Does work to its end at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
