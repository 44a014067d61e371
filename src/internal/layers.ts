import { StateError } from "../errors.ts";

/** One layer around some work: it calls `next` to have the layers within, and at last the work, run. */
export type Layer<T> = (next: () => Promise<T>) => unknown;

/** What the outermost layer gave, and what the work gave, where it was reached. */
export interface Passed<T> {
  readonly result: unknown;
  readonly work: { readonly value: T } | undefined;
}

/**
 * Runs `work` within `layers`, the first outermost. A layer that gives nothing of its own gives what its `next` gave it, and is
 * waited for until then where it did not wait itself. One that calls its `next` twice fails, whatever else it does.
 */
export async function runThrough<T>(
  layers: readonly Layer<T>[],
  work: () => T | PromiseLike<T>,
): Promise<Passed<T>> {
  let done: { readonly value: T } | undefined;
  async function run(index: number): Promise<T> {
    const layer = layers[index];
    if (layer === undefined) {
      const value = await work();
      done = { value };
      return value;
    }
    const passage = new Passage(() => run(index + 1));
    return await passage.through(layer);
  }
  return { result: await run(0), work: done };
}

/** The way through one layer. */
class Passage<T> {
  readonly #run: () => Promise<T>;
  #inner: Promise<T> | undefined;
  /** What is within has failed. */
  #hasFailed = false;
  #isOver = false;
  #misuse: StateError | undefined;

  constructor(run: () => Promise<T>) {
    this.#run = run;
  }

  async through(layer: Layer<T>): Promise<T> {
    let result: unknown;
    try {
      result = await layer(() => this.#next());
    } finally {
      this.#isOver = true;
    }
    if (this.#misuse !== undefined) throw this.#misuse;
    if (result !== undefined || this.#inner === undefined) return result as T;
    // What has failed before the layer ended was dealt with by it.
    return this.#hasFailed ? undefined as T : await this.#inner;
  }

  #next(): Promise<T> {
    if (this.#inner !== undefined) {
      return this.#refuse(
        "NEXT_CALLED_TWICE",
        "Cannot go on to the next middleware as this one has done so already",
      );
    }
    if (this.#isOver) {
      return this.#refuse(
        "NEXT_CALLED_LATE",
        "Cannot go on to the next middleware as this one has ended",
      );
    }
    const inner = this.#inner = this.#run();
    // Also so that a layer which does not wait for it does not end the program.
    inner.catch(() => this.#hasFailed = true);
    return inner;
  }

  #refuse(code: string, message: string): Promise<never> {
    this.#misuse = new StateError(code, message);
    const refused = Promise.reject(this.#misuse);
    refused.catch(() => {});
    return refused;
  }
}
