/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the member is told from others by. */
  readonly key: Key;
  readonly value: T;
  /** Its row in the store, if there is one. */
  readonly row: number;
  /** Larger than that of every member that was there when it came. */
  serial?: number;
}

/** Keeps the members of a set. */
export interface SetKeeper<T> {
  /** Gives the row. */
  add(at: number, value: T): number;
  remove(row: number): void;
}

/** What a member is told from others by; all of a set are of the same type. */
export type Key = string | number;

/** Entries in a part of the set, at most. Moving them is cheap, and so is moving all the parts of a million. */
const MAX_PART = 1024;

/**
 * Things in the order of a time, as a sorted set of Redis: those of the same time in the order of their keys, and a key is
 * there once.
 */
export class SortedSet<T> {
  readonly #keyOf: (value: T) => Key;
  /** In order, none of them empty. */
  #parts: SortedEntry<T>[][] = [];
  readonly #byKey = new Map<Key, SortedEntry<T>>();
  readonly #keeper: SetKeeper<T> | undefined;
  #serial = 0;

  /** `keyOf` says what a member is told from others by. */
  constructor(keyOf: (value: T) => Key, keeper?: SetKeeper<T>) {
    this.#keyOf = keyOf;
    this.#keeper = keeper;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Adds a member, or moves the one that has its key to another time. */
  add(at: number, value: T): SortedEntry<T> {
    const key = this.#keyOf(value);
    const before = this.#byKey.get(key);
    if (before !== undefined) this.remove(before);
    const entry: SortedEntry<T> = {
      at,
      key,
      value,
      row: this.#keeper?.add(at, value) ?? 0,
      serial: 0,
    };
    this.#place(entry);
    return entry;
  }

  /** Fills it with what was kept. */
  restore(entries: readonly SortedEntry<T>[]): void {
    for (const entry of entries) this.#place(entry);
  }

  #place(entry: SortedEntry<T>): void {
    entry.serial = ++this.#serial;
    this.#byKey.set(entry.key, entry);
    // Most come in their order.
    const last = this.#parts[this.#parts.length - 1];
    if (last === undefined) {
      this.#parts.push([entry]);
    } else if (isBefore(lastOf(last), entry)) {
      if (last.length < MAX_PART) last.push(entry);
      else this.#parts.push([entry]);
    } else {
      this.#insert(entry);
    }
  }

  /** Whether the entry was there. */
  remove(entry: SortedEntry<T>): boolean {
    if (this.#byKey.get(entry.key) !== entry) return false;
    this.#drop(entry);
    const place = this.#partOf(entry);
    const part = this.#parts[place]!;
    part.splice(firstNotBefore(part, entry), 1);
    if (part.length === 0) this.#parts.splice(place, 1);
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

  /**
   * The members in their order, some at a time. Between two parts the set may change: what has gone is left out, and so is
   * what came after the first part.
   */
  *parts(size: number): IterableIterator<SortedEntry<T>[]> {
    const last = this.#serial;
    for (let part = this.#after(undefined, size); part.length > 0;) {
      const behind = lastOf(part);
      yield part.filter(({ serial }) => serial! <= last);
      part = this.#after(behind, size);
    }
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
    for (const { row } of this.#byKey.values()) this.#keeper?.remove(row);
    this.forget();
  }

  /** Takes everything out, and has the store keep it. */
  forget(): void {
    this.#parts = [];
    this.#byKey.clear();
  }

  /** The first members behind this place. */
  #after(place: Place | undefined, max: number): SortedEntry<T>[] {
    if (this.#parts.length === 0) return [];
    let index = place === undefined ? 0 : this.#partOf(place);
    let from = place === undefined ? 0 : firstBehind(this.#parts[index]!, place);
    const found: SortedEntry<T>[] = [];
    while (found.length < max && index < this.#parts.length) {
      const part = this.#parts[index++]!;
      const end = Math.min(part.length, from + max - found.length);
      for (let i = from; i < end; i++) found.push(part[i]!);
      from = 0;
    }
    return found;
  }

  #drop({ key, row }: SortedEntry<T>): void {
    this.#byKey.delete(key);
    this.#keeper?.remove(row);
  }

  /** The first part that ends with this entry or one behind it. */
  #partOf(entry: Place): number {
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
    const place = this.#partOf(entry);
    const part = this.#parts[place]!;
    part.splice(firstNotBefore(part, entry), 0, entry);
    if (part.length > MAX_PART) this.#parts.splice(place + 1, 0, part.splice(MAX_PART / 2));
  }
}

type Place = Pick<SortedEntry<unknown>, "at" | "key">;

function isBefore(a: Place, b: Place): boolean {
  return a.at === b.at ? a.key < b.key : a.at < b.at;
}

function lastOf<T>(part: readonly T[]): T {
  return part[part.length - 1]!;
}

/** Where the entry is in a part that has it, or is to be. */
function firstNotBefore(part: readonly Place[], entry: Place): number {
  let low = 0;
  let high = part.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(part[middle]!, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the first entry is that comes behind a place. */
function firstBehind(part: readonly Place[], place: Place): number {
  const first = firstNotBefore(part, place);
  return first < part.length && !isBefore(place, part[first]!) ? first + 1 : first;
}
