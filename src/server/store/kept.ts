import { Reservation, type SetMember, type SetName } from "../members.ts";
import { QUEUE_PLACE, type Queues } from "../queues.ts";
import { type SetKeeper, type SortedEntry, SortedSet } from "../sorted_set.ts";
import { glanceAt } from "../stored_job.ts";
import type { Store } from "./store.ts";

/** The sets whose members are kept, each in a place of its name. */
export interface KeptSets extends Readonly<Record<SetName, SortedSet<SetMember>>> {
  /** Jobs with a worker, by the time at which their reservations end. */
  readonly working: SortedSet<Reservation>;
}

/** Empty sets that have what becomes of them kept. */
export function keptSets(store: Store): KeptSets {
  const members = (place: SetName) =>
    new SortedSet<SetMember>(
      ({ payload }) => payload,
      keeper(store, (at, { payload }) => store.add(place, payload, { at })),
    );
  return {
    scheduled: members("scheduled"),
    retries: members("retries"),
    dead: members("dead"),
    working: new SortedSet<Reservation>(
      ({ id }) => id,
      keeper(store, (at, { payload, wid }) => store.add("working", payload, { at, owner: wid })),
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
  readonly sets: Readonly<Record<SetName, SortedSet<SetMember>>>;
  /** Who has which job. */
  readonly reservations: Map<string, Reservation>;
}

/** Puts everything back into the place that it was in. */
export function restore(store: Store, { queues, working, sets, reservations }: Restored): void {
  const members = new Map<string, SortedEntry<SetMember>[]>(
    Object.keys(sets).map((name) => [name, []]),
  );
  const reserved: SortedEntry<Reservation>[] = [];
  for (const { row, place, at, owner, text } of store.rows()) {
    if (place.startsWith(QUEUE_PLACE)) {
      queues.restore(place.slice(QUEUE_PLACE.length), text, row);
    } else if (place === "working") {
      const reservation = new Reservation({ jid: glanceAt(text).jid, payload: text }, owner);
      reservation.entry = { at, key: reservation.id, value: reservation, row };
      reserved.push(reservation.entry);
      reservations.set(reservation.jid, reservation);
    } else {
      const value = { jid: glanceAt(text).jid, payload: text };
      members.get(place)?.push({ at, key: text, value, row });
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
