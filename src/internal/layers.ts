import { StateError } from "../errors.ts";

/** One layer around some work: it calls `next` to have the layers within, and at last the work, run. */
export type Layer<T> = (next: () => Promise<T>) => unknown;

/** What the outermost layer gave, and what the work gave, where it was reached. */
export interface Passed<T> {
  readonly result: unknown;
  readonly work: { readonly value: T } | undefined;
}

/** Runs `work` within `layers`, the first outermost. A layer that calls its `next` twice is refused. */
export async function runThrough<T>(
  layers: readonly Layer<T>[],
  work: () => T | PromiseLike<T>,
): Promise<Passed<T>> {
  let reached = -1;
  let done: { readonly value: T } | undefined;
  async function run(index: number): Promise<T> {
    if (index <= reached) {
      throw new StateError(
        "NEXT_CALLED_TWICE",
        "Cannot go on to the next middleware as this one has done so already",
      );
    }
    reached = index;
    const layer = layers[index];
    if (layer === undefined) {
      const value = await work();
      done = { value };
      return value;
    }
    const result = await layer(() => run(index + 1));
    return result === undefined && done !== undefined ? done.value : result as T;
  }
  return { result: await run(0), work: done };
}
