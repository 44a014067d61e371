import { StateError } from "../errors.ts";
import { isThenable } from "./thenable.ts";

/** Where some work ends; called once, one or the other. */
export interface Ends<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** What is carried through layers, the first outermost, to some work within them all. */
export interface Cargo<T> {
  /** How many layers there are. */
  readonly layers: number;
  /**
   * Calls a layer. It calls `next` to have the layers within, and at last the work, run; what it
   * hands on is their cargo.
   */
  enter(index: number, next: (change?: unknown) => Promise<T>): unknown;
  /** A layer handed this on. */
  changed(change: unknown): void;
  /** Does the work, and tells `ends`. */
  work(ends: Ends<T>): void;
  /** What a layer gave, as a value. @throws where that stands for a failure. */
  valueOf(result: unknown): T;
}

/**
 * Carries `cargo` through its layers. A layer that gives nothing of its own gives what its `next`
 * gave it, and is waited for until then where it did not wait itself. One that calls its `next`
 * twice fails, whatever else it does.
 *
 * By callbacks, as every job passes here: a promise for each step took half of the time of an
 * enqueue. The only ones made are those that a layer gets from its `next`.
 */
export function carry<T>(cargo: Cargo<T>, ends: Ends<T>, index = 0): void {
  if (index < cargo.layers) return new Layer(cargo, ends, index).enter();
  try {
    cargo.work(ends);
  } catch (error) {
    ends.reject(error);
  }
}

/** The way through one layer, and the ends of what is within it. */
class Layer<T> implements Ends<T> {
  readonly #cargo: Cargo<T>;
  readonly #ends: Ends<T>;
  readonly #index: number;
  /** What `next` gave. */
  #inner: Promise<T> | undefined;
  #resolveInner!: (value: T) => void;
  #rejectInner!: (error: unknown) => void;
  /** How what is within ended, once it has. */
  #within: "under way" | "done" | "failed" = "under way";
  #value: T | undefined;
  #error: unknown;
  /** The layer has ended. */
  #isOver = false;
  /** It gives what is within it gives. */
  #follows = false;
  #misuse: StateError | undefined;

  constructor(cargo: Cargo<T>, ends: Ends<T>, index: number) {
    this.#cargo = cargo;
    this.#ends = ends;
    this.#index = index;
  }

  enter(): void {
    let result: unknown;
    let isLater: boolean;
    try {
      result = this.#cargo.enter(this.#index, (change) => this.#next(change));
      // A getter of the result's own may throw.
      isLater = isThenable(result);
    } catch (error) {
      return this.#fail(error);
    }
    const isPassed = result === undefined || result === this.#inner;
    if (isPassed && this.#inner !== undefined) return this.#follow();
    if (!isLater) return this.#end(result);
    Promise.resolve(result).then((value) => this.#end(value), (error) => this.#fail(error));
  }

  /** What is within is done. */
  resolve(value: T): void {
    this.#within = "done";
    this.#value = value;
    this.#resolveInner(value);
    if (this.#follows) this.#finish(value);
  }

  /** What is within has failed. */
  reject(error: unknown): void {
    this.#within = "failed";
    this.#error = error;
    // A layer that does not wait for it must not end the program.
    this.#inner!.catch(() => {});
    this.#rejectInner(error);
    if (this.#follows) this.#fail(error);
  }

  #next(change: unknown): Promise<T> {
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
    this.#inner = new Promise<T>((resolve, reject) => {
      this.#resolveInner = resolve;
      this.#rejectInner = reject;
    });
    const inner = this.#inner;
    if (change !== undefined) this.#cargo.changed(change);
    carry(this.#cargo, this, this.#index + 1);
    return inner;
  }

  #refuse(code: string, message: string): Promise<never> {
    this.#misuse = new StateError(code, message);
    const refused = Promise.reject(this.#misuse);
    refused.catch(() => {});
    return refused;
  }

  /** The layer has ended, and gave this. */
  #end(result: unknown): void {
    if (result === undefined && this.#inner !== undefined) {
      // What has failed before the layer ended was dealt with by it.
      return this.#within === "failed" ? this.#finish(undefined as T) : this.#follow();
    }
    let value: T;
    try {
      value = this.#cargo.valueOf(result);
    } catch (error) {
      return this.#fail(error);
    }
    this.#finish(value);
  }

  /** The layer has ended, and gives what is within it gives. */
  #follow(): void {
    this.#isOver = true;
    if (this.#misuse !== undefined) return this.#fail(this.#misuse);
    if (this.#within === "done") return this.#finish(this.#value as T);
    if (this.#within === "failed") return this.#fail(this.#error);
    this.#follows = true;
  }

  #finish(value: T): void {
    this.#isOver = true;
    if (this.#misuse === undefined) this.#ends.resolve(value);
    else this.#ends.reject(this.#misuse);
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#ends.reject(this.#misuse ?? error);
  }
}
