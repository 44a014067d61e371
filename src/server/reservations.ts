import { hashOf } from "./jid_hash.ts";
import type { Reservation } from "./reservation.ts";
import { RowIndex } from "./row_index.ts";

/**
 * The jobs with a worker, by jid. They change all the time, so they are kept in slots and not in a
 * `Map`: V8 links each old table of a `Map` to the next one. Once one table has reached the old
 * generation, the later ones live until the next full collection, with everything in them. In Node
 * 26, that costs five times the CPU time.
 */
export class Reservations {
  /** Slot 0 is never used. */
  readonly #slots: (Reservation | undefined)[] = [undefined];
  readonly #empty: number[] = [];
  readonly #byJid = new RowIndex();

  get size(): number {
    return this.#slots.length - 1 - this.#empty.length;
  }

  get(jid: string): Reservation | undefined {
    return this.#slots[this.#slotOf(hashOf(jid), jid)];
  }

  has(jid: string): boolean {
    return this.get(jid) !== undefined;
  }

  /** Adds a reservation. It replaces the one with the same jid, if there is one. */
  set(reservation: Reservation): void {
    const { jid } = reservation;
    const hash = hashOf(jid);
    let slot = this.#slotOf(hash, jid);
    if (slot === 0) {
      slot = this.#empty.pop() ?? this.#slots.length;
      this.#byJid.add(hash, slot);
    }
    this.#slots[slot] = reservation;
  }

  /** Removes and returns the reservation with this jid. */
  take(jid: string): Reservation | undefined {
    const hash = hashOf(jid);
    const slot = this.#slotOf(hash, jid);
    if (slot === 0) return undefined;
    const reservation = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#empty.push(slot);
    this.#byJid.remove(hash, slot);
    return reservation;
  }

  *values(): IterableIterator<Reservation> {
    for (const reservation of this.#slots) if (reservation !== undefined) yield reservation;
  }

  #slotOf(hash: number, jid: string): number {
    for (const slot of this.#byJid.find(hash)) if (this.#slots[slot]!.jid === jid) return slot;
    return 0;
  }
}
