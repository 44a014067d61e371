import { StateError } from "../errors.ts";
import { rejectBy } from "./deferred.ts";
import { isThenable } from "./thenable.ts";

/** Receives the result of a task: one of the two methods is called, once. */
export interface Completion<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Work inside layers of middleware. Layer 0 is the outermost. */
export interface Task<T> {
  /** Number of layers. */
  readonly layers: number;
  /**
   * Calls the middleware of a layer. The middleware calls `next` to run the layers inside it and
   * then the work. It may pass a change of the task to `next`.
   */
  enter(index: number, next: (change?: unknown) => Promise<T>): unknown;
  /** Applies a change that a middleware passed to `next`. */
  change(change: unknown): void;
  /** Does the work inside all layers, and calls `completion` with the result. */
  run(completion: Completion<T>): void;
  /** Returns a middleware's result as a value. @throws if the result stands for a failure. */
  valueOf(result: unknown): T;
}

/**
 * Runs `task` through its layers, from layer `index` on.
 *
 * A middleware that returns nothing returns the result of `next`, and its layer ends only when that
 * result is there, even if the middleware did not await it. A middleware that calls `next` twice
 * fails in any case.
 *
 * This uses callbacks because every job passes here: a promise for each step took half the time of
 * an enqueue. The only promises made are those that `next` returns.
 */
export function runTask<T>(task: Task<T>, completion: Completion<T>, index = 0): void {
  if (index < task.layers) return new Layer(task, completion, index).enter();
  try {
    task.run(completion);
  } catch (error) {
    completion.reject(error);
  }
}

/** Runs one layer of a task. It is the completion of everything inside the layer. */
class Layer<T> implements Completion<T> {
  readonly #task: Task<T>;
  readonly #completion: Completion<T>;
  readonly #index: number;
  /** The promise that `next` returned. */
  #inner: Promise<T> | undefined;
  #resolveInner!: (value: T | Promise<never>) => void;
  #innerState: "running" | "done" | "failed" = "running";
  #value: T | undefined;
  #error: unknown;
  /** True if the middleware has returned, and its promise has settled. */
  #hasReturned = false;
  /** True if the layer ends when the inner layers end, with their result. */
  #isFollowing = false;
  #misuse: StateError | undefined;

  constructor(task: Task<T>, completion: Completion<T>, index: number) {
    this.#task = task;
    this.#completion = completion;
    this.#index = index;
  }

  enter(): void {
    let result: unknown;
    let isPromise: boolean;
    try {
      result = this.#task.enter(this.#index, (change) => this.#next(change));
      // The result may have a getter that throws.
      isPromise = isThenable(result);
    } catch (error) {
      return this.#fail(error);
    }
    const isPassedOn = result === undefined || result === this.#inner;
    if (isPassedOn && this.#inner !== undefined) return this.#follow();
    if (!isPromise) return this.#end(result);
    Promise.resolve(result).then((value) => this.#end(value), (error) => this.#fail(error));
  }

  /** The inner layers have succeeded. */
  resolve(value: T): void {
    this.#innerState = "done";
    this.#value = value;
    this.#resolveInner(value);
    if (this.#isFollowing) this.#finish(value);
  }

  /** The inner layers have failed. */
  reject(error: unknown): void {
    this.#innerState = "failed";
    this.#error = error;
    // If the middleware does not await `next`, its rejection must not end the program.
    this.#inner!.catch(() => {});
    rejectBy(this.#resolveInner, error);
    if (this.#isFollowing) this.#fail(error);
  }

  #next(change: unknown): Promise<T> {
    if (this.#inner !== undefined) {
      return this.#refuse(
        "NEXT_CALLED_TWICE",
        "Cannot call next as this middleware has already called it",
      );
    }
    if (this.#hasReturned) {
      return this.#refuse("NEXT_CALLED_LATE", "Cannot call next as this middleware has returned");
    }
    this.#inner = new Promise<T>((resolve) => this.#resolveInner = resolve);
    const inner = this.#inner;
    if (change !== undefined) this.#task.change(change);
    runTask(this.#task, this, this.#index + 1);
    return inner;
  }

  #refuse(code: "NEXT_CALLED_TWICE" | "NEXT_CALLED_LATE", message: string): Promise<never> {
    this.#misuse = new StateError(code, message);
    const refused = Promise.reject(this.#misuse);
    refused.catch(() => {});
    return refused;
  }

  /** Ends the layer with the value that the middleware returned. */
  #end(result: unknown): void {
    if (result === undefined && this.#inner !== undefined) {
      // The middleware has handled a failure that came before it returned.
      return this.#innerState === "failed" ? this.#finish(undefined as T) : this.#follow();
    }
    let value: T;
    try {
      value = this.#task.valueOf(result);
    } catch (error) {
      return this.#fail(error);
    }
    this.#finish(value);
  }

  /** Ends the layer with the result of the inner layers, now or when they end. */
  #follow(): void {
    this.#hasReturned = true;
    if (this.#misuse !== undefined) return this.#fail(this.#misuse);
    if (this.#innerState === "done") return this.#finish(this.#value as T);
    if (this.#innerState === "failed") return this.#fail(this.#error);
    this.#isFollowing = true;
  }

  #finish(value: T): void {
    this.#hasReturned = true;
    if (this.#misuse === undefined) this.#completion.resolve(value);
    else this.#completion.reject(this.#misuse);
  }

  #fail(error: unknown): void {
    this.#hasReturned = true;
    this.#completion.reject(this.#misuse ?? error);
  }
}
