/** A member of a {@linkcode SortedSet}. */
export interface SortedEntry<T> {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the member is told from others by. */
  readonly key: Key;
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
    const entry = { at, key, value, row: this.#keeper?.add(at, value) ?? 0 };
    this.#place(entry);
    return entry;
  }

  /** Fills it with what was kept. */
  restore(entries: readonly SortedEntry<T>[]): void {
    for (const entry of entries) this.#place(entry);
  }

  #place(entry: SortedEntry<T>): void {
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

  /** What matches, in its order. */
  where(matches: (value: T) => boolean): SortedEntry<T>[] {
    return this.#parts.flatMap((part) => part.filter(({ value }) => matches(value)));
  }

  /** Takes out what matches. */
  takeWhere(matches: (value: T) => boolean): T[] {
    const taken: T[] = [];
    const parts = this.#parts.map((part) =>
      part.filter((entry) => {
        if (!matches(entry.value)) return true;
        this.#drop(entry);
        taken.push(entry.value);
        return false;
      })
    );
    this.#parts = parts.filter((part) => part.length > 0);
    return taken;
  }

  clear(): void {
    this.#parts = [];
    for (const entry of this.#byKey.values()) this.#keeper?.remove(entry.row);
    this.#byKey.clear();
  }

  #drop({ key, row }: SortedEntry<T>): void {
    this.#byKey.delete(key);
    this.#keeper?.remove(row);
  }

  /** The first part that ends with this entry or one behind it. */
  #partOf(entry: SortedEntry<unknown>): number {
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
