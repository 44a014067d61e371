/** A member of a `SlotList`. Only the list sets these properties. */
export interface SlotMember {
  /** Index of the slot; -1 if the member is in no list. */
  slot: number;
  /** A number that is higher than that of all members added before. */
  number: number;
}

/**
 * A set for members that are added and removed all the time. A `Set` copies its table after every
 * few members, and V8 links each old table to the next one. When the garbage collector has moved
 * one of them to the old generation, this chain keeps all later members alive until the next full
 * collection. A `SlotList` reuses its slots instead.
 */
export class SlotList<T extends SlotMember> {
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

  /** Removes a member. Returns true if it was in the list. */
  delete(member: T): boolean {
    const { slot } = member;
    if (slot === -1) return false;
    this.#slots[slot] = undefined;
    this.#empty.push(slot);
    member.slot = -1;
    return true;
  }

  /** Returns the present members, in the order in which they were added. */
  all(): T[] {
    return this.#slots.filter((member) => member !== undefined)
      .sort((one, other) => one.number - other.number);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.all().values();
  }
}
