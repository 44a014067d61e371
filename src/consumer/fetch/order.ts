import { StateError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";

import { isInternalQueue, withoutInternal } from "../../job/internal_queues.ts";
import { isQueueName } from "../../job/queue_name.ts";
import { checkPatterns, isPattern, matcher, MAX_QUEUES, type QueueChoice } from "./choice.ts";

/** The order of queues for the next FETCH. */
export interface QueueOrder {
  /** True if the queues depend on those of the server (INFO). */
  readonly isDynamic: boolean;
  /** True if each FETCH gets a new order. */
  readonly variesPerFetch: boolean;
  /** Returns the queues in order; empty if there are none now. */
  next(): readonly string[];
  /** Updates the order with the server's queues: the number of waiting jobs of each. */
  update(waiting: Readonly<Record<string, number>>): void;
}

/** Creates the order of a checked choice. `random` returns numbers from 0 up to 1. */
export function orderOf(choice: QueueChoice, random: () => number = Math.random): QueueOrder {
  if (typeof choice === "function") return new FunctionOrder(choice);
  if (Array.isArray(choice)) return new StrictOrder(choice);
  return new WeightedOrder(choice as Readonly<Record<string, number>>, random);
}

/** Returns the queues of a choice for these waiting jobs, in one possible order. */
export function namesOf(
  choice: QueueChoice,
  waiting: Readonly<Record<string, number>>,
): readonly string[] {
  const order = orderOf(choice);
  order.update(waiting);
  return order.next();
}

class StrictOrder implements QueueOrder {
  readonly isDynamic: boolean;
  readonly variesPerFetch = false;
  readonly #names: readonly string[];
  #expanded: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.isDynamic = names.some(isPattern);
    this.#expanded = expand(names, []);
  }

  next(): readonly string[] {
    return this.#expanded;
  }

  update(waiting: Readonly<Record<string, number>>): void {
    if (this.isDynamic) this.#expanded = expand(this.#names, Object.keys(waiting));
  }
}

class WeightedOrder implements QueueOrder {
  readonly isDynamic: boolean;
  readonly variesPerFetch = true;
  readonly #weights: Readonly<Record<string, number>>;
  readonly #random: () => number;
  #expanded: readonly { readonly name: string; readonly weight: number }[] = [];

  constructor(weights: Readonly<Record<string, number>>, random: () => number) {
    this.#weights = weights;
    this.#random = random;
    this.isDynamic = Object.keys(weights).some(isPattern);
    this.#expand([]);
  }

  /** Draws the queues one by one, by their weights. */
  next(): readonly string[] {
    return this.#expanded
      // Sorting by exponential random numbers with the weights as rates gives exactly this
      // distribution.
      .map(({ name, weight }) => ({ name, wait: -Math.log(1 - this.#random()) / weight }))
      .sort((a, b) => a.wait - b.wait)
      .map(({ name }) => name);
  }

  update(waiting: Readonly<Record<string, number>>): void {
    if (this.isDynamic) this.#expand(Object.keys(waiting));
  }

  /** The weight of a queue's own name takes precedence over that of a pattern. */
  #expand(known: readonly string[]): void {
    const keys = Object.keys(this.#weights);
    const sorted = [...keys.filter((key) => !isPattern(key)), ...keys.filter(isPattern)];
    const weights = new Map<string, number>();
    for (const key of sorted) {
      for (const name of expand([key], known)) {
        if (!weights.has(name)) weights.set(name, this.#weights[key]!);
      }
    }
    this.#expanded = [...weights].map(([name, weight]) => ({ name, weight }));
  }
}

class FunctionOrder implements QueueOrder {
  readonly isDynamic = true;
  readonly variesPerFetch = true;
  readonly #choose: (waiting: Readonly<Record<string, number>>) => unknown;
  #waiting: Readonly<Record<string, number>> | undefined;

  constructor(choose: (waiting: Readonly<Record<string, number>>) => unknown) {
    this.#choose = choose;
  }

  next(): readonly string[] {
    if (this.#waiting === undefined) return [];
    const names = this.#choose(this.#waiting);
    if (!Array.isArray(names) || names.length > MAX_QUEUES) {
      throw new StateError(
        "INVALID_CHOICE",
        `Cannot fetch as the function for queues did not return an array of up to ${MAX_QUEUES} names: got ${
          showValue(names)
        }`,
      );
    }
    return expand(checkPatterns(names), Object.keys(this.#waiting));
  }

  update(waiting: Readonly<Record<string, number>>): void {
    this.#waiting = Object.freeze(withoutInternal(waiting));
  }
}

/** Returns the names with each pattern replaced by its queues, without duplicates. */
function expand(names: readonly string[], known: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const name of names) {
    if (!isPattern(name)) {
      all.add(name);
      continue;
    }
    const pattern = matcher(name);
    // Names from the server are checked, so that a server cannot put other text into a FETCH.
    const queues = known.filter((queue) =>
      isQueueName(queue) && pattern.test(queue) && !isInternalQueue(queue)
    );
    for (const queue of queues.sort()) all.add(queue);
  }
  return [...all].slice(0, MAX_QUEUES);
}
