/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: T;
  /** Larger than that of every member that came before. */
  readonly serial: number;
  /** It has not been taken out. */
  isIn: boolean;
}

/**
 * Entries in a part of the set, at most. Moving them is cheap, and so is moving all the parts of a
 * million.
 */
const MAX_PART = 1024;

/** Things in the order of a time; those of the same time in the order in which they came. */
export class SortedSet<T> {
  /** In order, none of them empty. */
  #parts: SortedEntry<T>[][] = [];
  #size = 0;
  #serial = 0;

  get size(): number {
    return this.#size;
  }

  add(at: number, value: T): SortedEntry<T> {
    const entry = { at, value, serial: ++this.#serial, isIn: true };
    this.#size++;
    // Most come in their order.
    const last = this.#parts[this.#parts.length - 1];
    if (last === undefined) {
      this.#parts.push([entry]);
    } else if (lastOf(last).at <= at) {
      if (last.length < MAX_PART) last.push(entry);
      else this.#parts.push([entry]);
    } else {
      this.#insert(entry);
    }
    return entry;
  }

  /** Whether the entry was there. */
  remove(entry: SortedEntry<T>): boolean {
    if (!entry.isIn) return false;
    this.#drop(entry);
    const index = this.#partOf(entry);
    const part = this.#parts[index]!;
    part.splice(firstNotBefore(part, entry), 1);
    if (part.length === 0) this.#parts.splice(index, 1);
    return true;
  }

  /** Takes out what is due at `at` or before: the first `max` of it. */
  takeUntil(at: number, max = Infinity): T[] {
    const taken: T[] = [];
    while (taken.length < max) {
      const part = this.#parts[0];
      if (part === undefined) break;
      let count = 0;
      while (count < part.length && part[count]!.at <= at && taken.length + count < max) count++;
      for (const entry of part.splice(0, count)) {
        this.#drop(entry);
        taken.push(entry.value);
      }
      if (part.length > 0) break;
      this.#parts.shift();
    }
    return taken;
  }

  /** At most `limit` members, from the one at this rank on; the first has rank 0. */
  page(offset: number, limit: number): SortedEntry<T>[] {
    const found: SortedEntry<T>[] = [];
    let skip = offset;
    for (const part of this.#parts) {
      if (found.length >= limit) break;
      if (skip < part.length) found.push(...part.slice(skip, skip + limit - found.length));
      skip = Math.max(0, skip - part.length);
    }
    return found;
  }

  /** Takes everything out. */
  clear(): void {
    for (const part of this.#parts) for (const entry of part) entry.isIn = false;
    this.#parts = [];
    this.#size = 0;
  }

  #drop(entry: SortedEntry<T>): void {
    entry.isIn = false;
    this.#size--;
  }

  /** The first part that ends with this entry or one behind it. */
  #partOf(entry: SortedEntry<T>): number {
    let low = 0;
    let high = this.#parts.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(lastOf(this.#parts[middle]!), entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts an entry before another, in whose part it is then. */
  #insert(entry: SortedEntry<T>): void {
    const index = this.#partOf(entry);
    const part = this.#parts[index]!;
    part.splice(firstNotBefore(part, entry), 0, entry);
    if (part.length > MAX_PART) this.#parts.splice(index + 1, 0, part.splice(MAX_PART / 2));
  }
}

function isBefore(a: SortedEntry<unknown>, b: SortedEntry<unknown>): boolean {
  return a.at === b.at ? a.serial < b.serial : a.at < b.at;
}

function lastOf<T>(part: readonly T[]): T {
  return part[part.length - 1]!;
}

/** Where the entry is in a part that has it, or is to be. */
function firstNotBefore(
  part: readonly SortedEntry<unknown>[],
  entry: SortedEntry<unknown>,
): number {
  let low = 0;
  let high = part.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(part[middle]!, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}
