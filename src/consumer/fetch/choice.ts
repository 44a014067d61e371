import { invalidOption } from "../../connection/options.ts";
import { checkQueueName, isQueueName } from "../../job/queue_name.ts";

/**
 * Which queues jobs are taken from, in one of three forms:
 *
 * - a list: the first queue that has a job, in this order, always (strict);
 * - weights: an order drawn anew for each FETCH, in which a queue of weight 4 comes first four times as often as one of weight
 *   1; every queue gets its turn, whatever waits in the others;
 * - a function: called before each FETCH with the jobs that wait in each of the server's queues, as of a few seconds ago
 *   (INFO), it gives the names in the order that it likes; none, and nothing is fetched for now.
 *
 * A `*` in a name stands for any characters: `images.*` is every such queue that the server has, in the order of their names,
 * looked up every five seconds.
 */
export type QueueChoice = readonly string[] | Readonly<Record<string, number>> | QueueChooser;

/** Chooses queues; see {@linkcode QueueChoice}. */
export type QueueChooser = (waiting: Readonly<Record<string, number>>) => readonly string[];

/** More queues than this in one FETCH help nobody. */
export const MAX_QUEUES = 1000;

const WANTED = `an array of 1 to ${MAX_QUEUES} names, an object of weights, or a function`;

/**
 * Gives a copy of the choice that its owner cannot change any longer.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 * @throws {InvalidArgumentError} `INVALID_QUEUE`.
 */
export function checkChoice(choice: unknown): QueueChoice {
  if (typeof choice === "function") return choice as QueueChooser;
  if (Array.isArray(choice)) {
    if (choice.length === 0 || choice.length > MAX_QUEUES) {
      throw invalidOption("queues", WANTED, choice);
    }
    return checkPatterns(choice);
  }
  if (typeof choice !== "object" || choice === null) throw invalidOption("queues", WANTED, choice);
  const weights = Object.entries(choice);
  if (weights.length === 0 || weights.length > MAX_QUEUES) {
    throw invalidOption("queues", WANTED, choice);
  }
  checkPatterns(weights.map(([name]) => name));
  for (const [name, weight] of weights) {
    if (typeof weight === "number" && weight > 0 && weight < Infinity) continue;
    throw invalidOption(`queues.${name}`, "a weight above 0", weight);
  }
  return Object.fromEntries(weights) as Record<string, number>;
}

/** @throws {InvalidArgumentError} `INVALID_QUEUE` where one can be no queue's name, nor a pattern of one. */
export function checkPatterns(names: readonly unknown[]): readonly string[] {
  return names.map((name) => {
    if (isPattern(name) && isQueueName(name.replaceAll("*", "x"))) return name;
    return checkQueueName(name, "consume queue");
  });
}

/** Whether a name stands for all queues that look like it. */
export function isPattern(name: unknown): name is string {
  return typeof name === "string" && name.includes("*");
}

/** Tells the queues that a pattern stands for from others. */
export function matcher(pattern: string): RegExp {
  // Beside letters and digits a queue's name has but these.
  const text = pattern.replaceAll(/[.-]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${text}$`);
}
