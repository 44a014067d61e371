import { DEFAULT_QUEUE } from "../job/queue_name.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import { isPattern, matcher, type QueueChoice } from "./fetch/choice.ts";

/**
 * Returns the registered types whose jobs the catalogue sends to a queue that is not in `choice`,
 * each with that queue.
 */
export function unfetchedTypes(
  types: Iterable<string>,
  choice: QueueChoice,
  catalogue: JobCatalogue | undefined,
): readonly { readonly type: string; readonly queue: string }[] {
  // A function may name any queue at any time.
  if (catalogue === undefined || typeof choice === "function") return [];
  const names: readonly string[] = Array.isArray(choice) ? choice : Object.keys(choice);
  return [...types]
    .map((type) => ({ type, queue: catalogue.defaultsOf(type)?.queue ?? DEFAULT_QUEUE }))
    .filter(({ queue }) =>
      !names.some((name) => name === queue || (isPattern(name) && matcher(name).test(queue)))
    );
}

/** Returns the default queues of a consumer with a catalogue. Several queues have equal weights. */
export function queuesOf(catalogue: JobCatalogue | undefined): QueueChoice {
  const queues = catalogue?.queues ?? [];
  if (queues.length === 0) return [DEFAULT_QUEUE];
  return queues.length === 1 ? queues : Object.fromEntries(queues.map((queue) => [queue, 1]));
}
