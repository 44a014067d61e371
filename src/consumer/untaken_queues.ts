import { DEFAULT_QUEUE } from "../job/queue_name.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import { isPattern, matcher, type QueueChoice } from "./fetch/choice.ts";

/**
 * The registered types whose jobs the catalogue sends to a queue that `choice` leaves out, each
 * with that queue.
 */
export function untakenTypes(
  types: Iterable<string>,
  choice: QueueChoice,
  catalogue: JobCatalogue | undefined,
): readonly { readonly type: string; readonly queue: string }[] {
  // A chooser may name any queue at any time.
  if (catalogue === undefined || typeof choice === "function") return [];
  const names: readonly string[] = Array.isArray(choice) ? choice : Object.keys(choice);
  return [...types]
    .map((type) => ({ type, queue: catalogue.defaultsOf(type)?.queue ?? DEFAULT_QUEUE }))
    .filter(({ queue }) =>
      !names.some((name) => name === queue || (isPattern(name) && matcher(name).test(queue)))
    );
}

/**
 * The queues that a consumer of the catalogue fetches from by default; with several, each gets its
 * turn.
 */
export function queuesOf(catalogue: JobCatalogue | undefined): QueueChoice {
  const queues = catalogue?.queues ?? [];
  if (queues.length === 0) return [DEFAULT_QUEUE];
  return queues.length === 1 ? queues : Object.fromEntries(queues.map((queue) => [queue, 1]));
}
