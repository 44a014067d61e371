/** A member of a `SlotList`, which alone writes these two. */
export interface InSlot {
  /** The index of the slot; -1 while the member is in none. */
  slot: number;
  /** A higher number than that of each member that was added before. */
  number: number;
}

/**
 * A set of objects that come and go all the time. A `Set` copies its table after every few members,
 * and V8 links each old table to the next one. Once the garbage collector has moved one of them to
 * the old generation, that chain keeps all later members alive until the next full collection. A
 * slot is used again instead.
 */
export class SlotList<T extends InSlot> {
  readonly #slots: (T | undefined)[] = [];
  /** Indexes of empty slots. */
  readonly #empty: number[] = [];
  #lastNumber = 0;

  get size(): number {
    return this.#slots.length - this.#empty.length;
  }

  add(member: T): void {
    member.slot = this.#empty.pop() ?? this.#slots.length;
    member.number = ++this.#lastNumber;
    this.#slots[member.slot] = member;
  }

  /** Returns whether it was there. */
  delete(member: T): boolean {
    const { slot } = member;
    if (slot === -1) return false;
    this.#slots[slot] = undefined;
    this.#empty.push(slot);
    member.slot = -1;
    return true;
  }

  /** The members as they are now; those that were added first at the front. */
  all(): T[] {
    return this.#slots.filter((member) => member !== undefined)
      .sort((one, other) => one.number - other.number);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.all().values();
  }
}
