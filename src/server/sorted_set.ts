/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** In ms since 1970. */
  readonly at: number;
  readonly value: T;
  /** Larger than the serial of every member added before. */
  readonly serial: number;
  /** False after it was removed. */
  isIn: boolean;
}

/**
 * Maximum number of entries in a part. With this size, it is cheap to move the entries of a part,
 * and to move all the parts of a set of a million entries.
 */
const MAX_PART = 1024;

/** Values ordered by time. Values with the same time keep the order in which they were added. */
export class SortedSet<T> {
  /** In order. None is empty. */
  #parts: SortedEntry<T>[][] = [];
  #size = 0;
  #serial = 0;

  get size(): number {
    return this.#size;
  }

  add(at: number, value: T): SortedEntry<T> {
    const entry = { at, value, serial: ++this.#serial, isIn: true };
    this.#size++;
    // Most entries are added in order.
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

  /** Removes an entry. Returns true if it was in the set. */
  remove(entry: SortedEntry<T>): boolean {
    if (!entry.isIn) return false;
    this.#drop(entry);
    const index = this.#partOf(entry);
    const part = this.#parts[index]!;
    part.splice(firstNotBefore(part, entry), 1);
    if (part.length === 0) this.#parts.splice(index, 1);
    return true;
  }

  /** Removes and returns up to `max` values that are due at `at` or before, in order. */
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

  /** Returns up to `limit` members, from this rank on. The first has rank 0. */
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

  /** Removes everything. */
  clear(): void {
    for (const part of this.#parts) for (const entry of part) entry.isIn = false;
    this.#parts = [];
    this.#size = 0;
  }

  #drop(entry: SortedEntry<T>): void {
    entry.isIn = false;
    this.#size--;
  }

  /** Returns the index of the first part that ends at or after this entry. */
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

  /** Inserts an entry into the part that contains the entry after it. */
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

/** Returns the position of an entry in its part, or the position to insert it at. */
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
