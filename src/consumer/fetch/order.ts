import { StateError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";
import { isMarker } from "../../protocol/cancellation.ts";
import { isQueueName } from "../../job/queue_name.ts";
import { checkPatterns, isPattern, matcher, MAX_QUEUES, type QueueChoice } from "./choice.ts";

/** The queues of a choice, in the order for the next FETCH. */
export interface QueueOrder {
  /** Whether the queues depend on what the server has (INFO). */
  readonly isDynamic: boolean;
  /** Whether each FETCH has a new order. */
  readonly isDrawn: boolean;
  /** The queues in their order; empty if there are none now. */
  next(): readonly string[];
  /** Takes what the server has: the number of waiting jobs by queue. */
  learn(waiting: Readonly<Record<string, number>>): void;
}

/** The order of a checked choice. `random` returns numbers from 0 up to 1. */
export function orderOf(choice: QueueChoice, random: () => number = Math.random): QueueOrder {
  if (typeof choice === "function") return new ChosenOrder(choice);
  if (Array.isArray(choice)) return new StrictOrder(choice);
  return new WeightedOrder(choice as Readonly<Record<string, number>>, random);
}

/** The queues of a choice on a server with these waiting jobs, in one of their orders. */
export function namesOf(
  choice: QueueChoice,
  waiting: Readonly<Record<string, number>>,
): readonly string[] {
  const order = orderOf(choice);
  order.learn(waiting);
  return order.next();
}

class StrictOrder implements QueueOrder {
  readonly isDynamic: boolean;
  readonly isDrawn = false;
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

  learn(waiting: Readonly<Record<string, number>>): void {
    if (this.isDynamic) this.#expanded = expand(this.#names, Object.keys(waiting));
  }
}

class WeightedOrder implements QueueOrder {
  readonly isDynamic: boolean;
  readonly isDrawn = true;
  readonly #weights: Readonly<Record<string, number>>;
  readonly #random: () => number;
  #expanded: readonly { readonly name: string; readonly weight: number }[] = [];

  constructor(weights: Readonly<Record<string, number>>, random: () => number) {
    this.#weights = weights;
    this.#random = random;
    this.isDynamic = Object.keys(weights).some(isPattern);
    this.#expand([]);
  }

  /** Each place goes to one of the remaining queues, by their weights. */
  next(): readonly string[] {
    return this.#expanded
      // Exponential waits with the weights as their rates come in just that order.
      .map(({ name, weight }) => ({ name, wait: -Math.log(1 - this.#random()) / weight }))
      .sort((a, b) => a.wait - b.wait)
      .map(({ name }) => name);
  }

  learn(waiting: Readonly<Record<string, number>>): void {
    if (this.isDynamic) this.#expand(Object.keys(waiting));
  }

  /** A name's own weight wins over a pattern's. */
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

class ChosenOrder implements QueueOrder {
  readonly isDynamic = true;
  readonly isDrawn = true;
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
        `Cannot fetch as the function for queues gave no array of ${MAX_QUEUES} names at most: got ${
          showValue(names)
        }`,
      );
    }
    return expand(checkPatterns(names), Object.keys(this.#waiting));
  }

  learn(waiting: Readonly<Record<string, number>>): void {
    this.#waiting = Object.freeze({ ...waiting });
  }
}

/** The names, with each pattern replaced by its queues; each queue once. */
function expand(names: readonly string[], known: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const name of names) {
    if (!isPattern(name)) {
      all.add(name);
      continue;
    }
    const pattern = matcher(name);
    // Not even a server can put anything but a queue's name into a FETCH.
    const queues = known.filter((queue) =>
      isQueueName(queue) && pattern.test(queue) && !isMarker(queue)
    );
    for (const queue of queues.sort()) all.add(queue);
  }
  return [...all].slice(0, MAX_QUEUES);
}
