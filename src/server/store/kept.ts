import { Reservation, type SetName } from "../members.ts";
import { type Payload, payloadKey } from "../payload.ts";
import { QUEUE_PLACE, type Queues } from "../queues.ts";
import { type SetKeeper, type SortedEntry, SortedSet } from "../sorted_set.ts";
import { glanceAt } from "../stored_job.ts";
import { storedPayload } from "../large/stored.ts";
import type { Store } from "./store.ts";

/** The sets whose members are kept, each in a place of its name. */
export interface KeptSets extends Readonly<Record<SetName, SortedSet<Payload>>> {
  /** Jobs with a worker, by the time at which their reservations end. */
  readonly working: SortedSet<Reservation>;
}

/** Empty sets that have what becomes of them kept. */
export function keptSets(store: Store): KeptSets {
  const members = (place: SetName) =>
    new SortedSet<Payload>(
      payloadKey,
      keeper(store, (at, payload) => store.add(place, String(payload), { at })),
    );
  return {
    scheduled: members("scheduled"),
    retries: members("retries"),
    dead: members("dead"),
    working: new SortedSet<Reservation>(
      ({ id }) => id,
      keeper(
        store,
        (at, { payload, wid }) => store.add("working", String(payload), { at, owner: wid }),
      ),
    ),
  };
}

function keeper<T>(store: Store, add: SetKeeper<T>["add"]): SetKeeper<T> | undefined {
  return store.isDurable ? { add, remove: (row) => store.remove(row) } : undefined;
}

/** The table of reservations that are to last longer than they were made for, by their jobs. */
const EXTENSIONS = "extensions";

/** Keeps until when a reservation is to last; `undefined`: as long as it was made for. */
export function keepExtension(store: Store, jid: string, until: number | undefined): void {
  if (until === undefined) store.delete(EXTENSIONS, jid);
  else store.set(EXTENSIONS, jid, String(until));
}

/** What is filled with what was kept. */
export interface Restored {
  readonly queues: Queues;
  readonly working: SortedSet<Reservation>;
  readonly sets: Readonly<Record<SetName, SortedSet<Payload>>>;
  /** Who has which job. */
  readonly reservations: Map<string, Reservation>;
}

/** Puts everything back into the place that it was in. */
export function restore(store: Store, { queues, working, sets, reservations }: Restored): void {
  const members = new Map<string, SortedEntry<Payload>[]>(
    Object.keys(sets).map((name) => [name, []]),
  );
  const reserved: SortedEntry<Reservation>[] = [];
  for (const { row, place, at, owner, text } of store.rows()) {
    const payload = storedPayload(text);
    if (place.startsWith(QUEUE_PLACE)) {
      queues.restore(place.slice(QUEUE_PLACE.length), payload, row);
    } else if (place === "working") {
      const reservation = new Reservation(glanceAt(payload).jid, payload, owner);
      reservation.entry = { at, key: reservation.id, value: reservation, row };
      reserved.push(reservation.entry);
      reservations.set(reservation.jid, reservation);
    } else {
      members.get(place)?.push({ at, key: payloadKey(payload), value: payload, row });
    }
  }
  for (const [jid, until] of store.all(EXTENSIONS)) {
    const reservation = reservations.get(jid);
    if (reservation === undefined) keepExtension(store, jid, undefined);
    else reservation.extension = Number(until);
  }
  working.restore(reserved);
  for (const [name, entries] of members) sets[name as SetName].restore(entries);
}
