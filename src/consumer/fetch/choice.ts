import { invalidOption } from "../../connection/options.ts";
import { checkQueueName, isQueueName } from "../../job/queue_name.ts";

/**
 * The queues to fetch from, in one of three forms:
 *
 * - A list: each FETCH takes a job from the first queue that has one (strict priority).
 * - Weights: each FETCH uses a random order, in which a queue with weight 4 comes first four times
 *   as often as one with weight 1. Every queue gets its turn.
 * - A function, called before each FETCH with the number of jobs that wait in each of the server's
 *   queues, a few seconds old (INFO). It returns names in the order to fetch from. If it returns
 *   none, nothing is fetched for now.
 *
 * A `*` in a name matches any characters: `images.*` means all matching queues of the server,
 * sorted by name. The server is asked for its queues every five seconds.
 */
export type QueueChoice = readonly string[] | Readonly<Record<string, number>> | QueueChooser;

/** Returns the queues to fetch from; see {@linkcode QueueChoice}. */
export type QueueChooser = (waiting: Readonly<Record<string, number>>) => readonly string[];

/** Maximum number of queues in one FETCH. */
export const MAX_QUEUES = 1000;

const WANTED = `an array of 1 to ${MAX_QUEUES} names, an object of weights, or a function`;

/**
 * Checks a choice and returns a copy that the caller cannot change.
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

/**
 * Checks names of queues and patterns.
 *
 * @throws {InvalidArgumentError} `INVALID_QUEUE` if one is neither the name of a queue nor a
 * pattern.
 */
export function checkPatterns(names: readonly unknown[]): readonly string[] {
  return names.map((name) => {
    if (isPattern(name) && isQueueName(name.replaceAll("*", "x"))) return name;
    return checkQueueName(name, "consume queue");
  });
}

/** Returns true if the value is a pattern. */
export function isPattern(name: unknown): name is string {
  return typeof name === "string" && name.includes("*");
}

/** Converts a pattern to a regular expression that matches its queues. */
export function matcher(pattern: string): RegExp {
  // Names of queues contain no other characters with a meaning in regular expressions.
  const text = pattern.replaceAll(/[.-]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${text}$`);
}
