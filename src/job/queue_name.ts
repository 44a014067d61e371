import { InvalidArgumentError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** What the server takes as a queue's name. */
const QUEUE_NAME = /^[a-zA-Z0-9._-]+$/;

/** The queue of jobs that name none. */
export const DEFAULT_QUEUE = "default";

/**
 * Whether `text` can be a queue's name: letters, digits, `.`, `_` and `-`, one character at least.
 */
export function isQueueName(text: unknown): text is string {
  return typeof text === "string" && QUEUE_NAME.test(text);
}

/**
 * What is wrong with a queue's name, to follow "as its queue name"; `undefined` where nothing is.
 */
export function queueNameFault(text: unknown): string | undefined {
  if (isQueueName(text)) return undefined;
  if (typeof text !== "string") return `is not a string: got ${showValue(text)}`;
  if (text === "") return `is empty: got ""`;
  return `may only hold letters, digits, ".", "_" and "-": got ${showValue(text)}`;
}

/**
 * Gives the name back if it can be a queue's. `action` says in the error what could not be done,
 * for example `pause queue`.
 *
 * @throws {InvalidArgumentError} `INVALID_QUEUE` where it cannot.
 */
export function checkQueueName(text: unknown, action: string): string {
  const fault = queueNameFault(text);
  if (fault !== undefined) {
    throw new InvalidArgumentError("INVALID_QUEUE", `Cannot ${action} as its name ${fault}`);
  }
  return text as string;
}
