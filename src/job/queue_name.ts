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
