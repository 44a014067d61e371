/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: T;
  /** Its row in the store, if there is one. */
  readonly row: number;
}

/** Keeps the members of a set. */
export interface SetKeeper<T> {
  /** Gives the row. */
  add(at: number, value: T): number;
  remove(row: number): void;
}

/** Things in the order of a time; those of the same time in the order in which they came. */
export class SortedSet<T> {
  #entries: SortedEntry<T>[] = [];
  readonly #keeper: SetKeeper<T> | undefined;

  constructor(keeper?: SetKeeper<T>) {
    this.#keeper = keeper;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(at: number, value: T): SortedEntry<T> {
    const entry = { at, value, row: this.#keeper?.add(at, value) ?? 0 };
    this.#entries.splice(this.#firstAfter(at), 0, entry);
    return entry;
  }

  /** Fills it with what was kept, in the order in which it came. */
  restore(entries: readonly SortedEntry<T>[]): void {
    this.#entries = entries.toSorted((a, b) => a.at - b.at);
  }

  /** Whether the entry was there. */
  remove(entry: SortedEntry<T>): boolean {
    for (let i = this.#firstAfter(entry.at) - 1; i >= 0 && this.#entries[i]!.at === entry.at; i--) {
      if (this.#entries[i] !== entry) continue;
      this.#entries.splice(i, 1);
      this.#keeper?.remove(entry.row);
      return true;
    }
    return false;
  }

  /** Takes out what is due at `at` or before. */
  takeUntil(at: number): T[] {
    return this.#entries.splice(0, this.#firstAfter(at)).map((entry) => this.#taken(entry));
  }

  /** Takes out what matches. */
  takeWhere(matches: (value: T) => boolean): T[] {
    const taken: T[] = [];
    this.#entries = this.#entries.filter((entry) => {
      if (!matches(entry.value)) return true;
      taken.push(this.#taken(entry));
      return false;
    });
    return taken;
  }

  clear(): void {
    for (const entry of this.#entries) this.#taken(entry);
    this.#entries = [];
  }

  #taken({ value, row }: SortedEntry<T>): T {
    this.#keeper?.remove(row);
    return value;
  }

  #firstAfter(at: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
