import type { JobArena } from "../job_arena.ts";
import type { JobSet, SetName } from "../job_set.ts";
import { Reservation } from "../reservation.ts";
import type { Queues } from "../queues.ts";
import type { Reservations } from "../reservations.ts";
import type { SortedSet } from "../sorted_set.ts";
import { peekJob } from "../stored_job.ts";
import { QUEUE_PLACE, WORKING_PLACE } from "./places.ts";
import type { Store } from "./store.ts";

/** The store's table of extended reservations, by jid. */
const EXTENSIONS = "extensions";

/** Saves a reservation's new end. `undefined` removes it. */
export function saveExtension(store: Store, jid: string, until: number | undefined): void {
  if (until === undefined) store.delete(EXTENSIONS, jid);
  else store.set(EXTENSIONS, jid, String(until));
}

/** The objects that `restore` fills with the stored data. */
export interface Restored {
  readonly arena: JobArena;
  readonly queues: Queues;
  readonly sets: Readonly<Record<SetName, JobSet>>;
  readonly working: SortedSet<Reservation>;
  /** The reservations of running jobs. */
  readonly reservations: Reservations;
}

/** Puts all stored jobs back into their places. */
export function restore(store: Store, restored: Restored): void {
  const { arena, queues, sets, working, reservations } = restored;
  const { jobs } = store;
  if (jobs === undefined) return;
  for (const place of jobs.places()) {
    const rows = jobs.takeRows(place);
    if (place.startsWith(QUEUE_PLACE)) {
      queues.restore(place.slice(QUEUE_PLACE.length), rows);
    } else if (place === WORKING_PLACE) {
      for (const row of rows) {
        const payload = arena.read(row);
        const { at, owner: wid } = jobs.hold(row);
        const { jid } = peekJob(payload);
        const reservation = new Reservation({ row, jid, payload, wid });
        reservation.entry = working.add(at, reservation);
        reservations.set(reservation);
      }
    } else if (Object.hasOwn(sets, place)) {
      for (const row of rows) sets[place as SetName].restore(row);
    }
  }
  for (const [jid, until] of store.all(EXTENSIONS)) {
    const reservation = reservations.get(jid);
    if (reservation === undefined) saveExtension(store, jid, undefined);
    else reservation.extension = Number(until);
  }
}
