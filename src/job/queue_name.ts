import { InvalidArgumentError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** Names that the server accepts. */
const QUEUE_NAME = /^[a-zA-Z0-9._-]+$/;

/** The queue of jobs that do not name one. */
export const DEFAULT_QUEUE = "default";

/** Returns true if the text may be a queue's name: letters, digits, `.`, `_` and `-`. */
export function isQueueName(text: unknown): text is string {
  return typeof text === "string" && QUEUE_NAME.test(text);
}

/**
 * Start of the names of internal queues, whose jobs are not for workers: the markers of cancelled
 * jobs, the tokens and states of workflows, and the heartbeats of schedules.
 */
export const INTERNAL_PREFIX = "faktory.";

/** Start of the names of the queues of workflows: of their tokens and of their states. */
export const WORKFLOW_PREFIX = `${INTERNAL_PREFIX}workflow.`;

/** Returns true if the queue is internal. Patterns in a consumer's queues do not match it. */
export function isInternalQueue(name: string): boolean {
  return name.startsWith(INTERNAL_PREFIX);
}

/** Returns the queues, by their names, without the internal ones. */
export function withoutInternal<T>(queues: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(queues).filter(([name]) => !isInternalQueue(name)));
}

/**
 * Returns true if a list of the queues whose names contain `text` has this queue. Internal queues
 * are listed only if the text starts with their prefix.
 */
export function isListedQueue(name: string, text: string): boolean {
  return name.includes(text) && (!isInternalQueue(name) || text.startsWith(INTERNAL_PREFIX));
}

/**
 * Describes the fault in a queue's name, to follow "as its queue name"; `undefined` if it is valid.
 */
export function queueNameFault(text: unknown): string | undefined {
  if (isQueueName(text)) return undefined;
  if (typeof text !== "string") return `is not a string: got ${showValue(text)}`;
  if (text === "") return `is empty: got ""`;
  return `may only contain letters, digits, ".", "_" and "-": got ${showValue(text)}`;
}

/**
 * Returns the name of a queue after checking it. `action` is used in the error, for example `pause
 * queue`.
 *
 * @throws {InvalidArgumentError} `INVALID_QUEUE` if the name is invalid.
 */
export function checkQueueName(text: unknown, action: string): string {
  const fault = queueNameFault(text);
  if (fault !== undefined) {
    throw new InvalidArgumentError("INVALID_QUEUE", `Cannot ${action} as its name ${fault}`);
  }
  return text as string;
}
