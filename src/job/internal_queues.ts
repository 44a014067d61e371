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
