import type { Clock } from "../../internal/clock.ts";
import type { JobPlace } from "../../inspect/types.ts";
import { CANCELLED, createMarker, markerJob } from "../../protocol/cancellation.ts";
import type { Manager } from "../manager.ts";
import type { Slices, Work } from "../slices.ts";
import { readJob } from "../stored_job.ts";
import { matcher } from "./match.ts";

/**
 * Time for which the marker of a cancelled running job is kept, in seconds. Workers look for
 * markers every five seconds.
 */
const CANCELLED_SECONDS = 600;

/** The parts of a server that {@linkcode cancelJob} uses. */
export interface CancelParts {
  readonly manager: Manager;
  readonly slices: Slices;
  readonly clock: Clock;
}

/**
 * Cancels a job as the commands of `producer.cancel` do. Returns its place, or `undefined` if there
 * was nothing to cancel. The marker comes first: a worker may fetch the job while its queue is
 * searched.
 */
export function* cancelJob(
  { manager, slices, clock }: CancelParts,
  jid: string,
): Work<Exclude<JobPlace, "dead"> | undefined> {
  const expiresAt = Math.ceil(clock.now() / 1000) + CANCELLED_SECONDS;
  const marker = createMarker(jid, expiresAt);
  manager.push(readJob(markerJob(marker).json));
  let place: Exclude<JobPlace, "dead"> | undefined;
  for (const set of ["scheduled", "retries"] as const) {
    for (const entry of manager.sets[set].withJid(jid)) {
      manager.sets[set].remove(entry);
      place = set;
    }
  }
  const matches = matcher({ jids: [jid] })!;
  for (const queue of place === undefined ? manager.queues.names() : []) {
    if (manager.reservationOf(jid) !== undefined) break;
    const [found] = yield* manager.queues.search(queue, matches, 1);
    if (found !== undefined && manager.queues.drop(queue, found.row)) place = "queue";
    if (place !== undefined) break;
  }
  if (manager.reservationOf(jid) === undefined) {
    slices.start(manager.queues.remove(marker.queue));
    return place;
  }
  manager.fail({ ...CANCELLED, jid, backtrace: [] });
  for (const set of ["retries", "dead"] as const) {
    for (const entry of manager.sets[set].withJid(jid)) manager.sets[set].remove(entry);
  }
  return "working";
}
