/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: T;
}

/** Things in the order of a time; those of the same time in the order in which they came. */
export class SortedSet<T> {
  #entries: SortedEntry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  add(at: number, value: T): SortedEntry<T> {
    const entry = { at, value };
    this.#entries.splice(this.#firstAfter(at), 0, entry);
    return entry;
  }

  /** Whether the entry was there. */
  remove(entry: SortedEntry<T>): boolean {
    for (let i = this.#firstAfter(entry.at) - 1; i >= 0 && this.#entries[i]!.at === entry.at; i--) {
      if (this.#entries[i] !== entry) continue;
      this.#entries.splice(i, 1);
      return true;
    }
    return false;
  }

  /** Takes out what is due at `at` or before. */
  takeUntil(at: number): T[] {
    return this.#entries.splice(0, this.#firstAfter(at)).map(({ value }) => value);
  }

  /** Takes out what matches. */
  takeWhere(matches: (value: T) => boolean): T[] {
    const taken: T[] = [];
    this.#entries = this.#entries.filter(({ value }) => {
      if (!matches(value)) return true;
      taken.push(value);
      return false;
    });
    return taken;
  }

  clear(): void {
    this.#entries = [];
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
