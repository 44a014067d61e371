const PARTS = 1024;
const FIRST_SLOTS = 8;

/** Maximum fraction of used slots. */
const MAX_LOAD = 3 / 4;

/** A hash table with open addressing. Row 0 marks an empty slot. */
class Part {
  #hashes = new Uint32Array(FIRST_SLOTS);
  #rows = new Uint32Array(FIRST_SLOTS);
  #count = 0;

  add(hash: number, row: number): void {
    if (++this.#count > this.#rows.length * MAX_LOAD) this.#grow();
    this.#put(hash, row);
  }

  remove(hash: number, row: number): boolean {
    const mask = this.#rows.length - 1;
    let slot = slotOf(hash) & mask;
    while (this.#rows[slot] !== row) {
      if (this.#rows[slot] === 0) return false;
      slot = (slot + 1) & mask;
    }
    this.#count--;
    // Moves back entries that the removed one had displaced, so that no search ends too early.
    for (let next = slot;;) {
      this.#rows[slot] = 0;
      let home;
      do {
        next = (next + 1) & mask;
        if (this.#rows[next] === 0) return true;
        home = slotOf(this.#hashes[next]!) & mask;
      } while (slot <= next ? slot < home && home <= next : slot < home || home <= next);
      this.#rows[slot] = this.#rows[next]!;
      this.#hashes[slot] = this.#hashes[next]!;
      slot = next;
    }
  }

  find(hash: number): number[] {
    const found: number[] = [];
    const mask = this.#rows.length - 1;
    for (let slot = slotOf(hash) & mask; this.#rows[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#hashes[slot] === hash) found.push(this.#rows[slot]!);
    }
    return found;
  }

  #put(hash: number, row: number): void {
    const mask = this.#rows.length - 1;
    let slot = slotOf(hash) & mask;
    while (this.#rows[slot] !== 0) slot = (slot + 1) & mask;
    this.#hashes[slot] = hash;
    this.#rows[slot] = row;
  }

  #grow(): void {
    const [hashes, rows] = [this.#hashes, this.#rows];
    this.#hashes = new Uint32Array(rows.length * 2);
    this.#rows = new Uint32Array(rows.length * 2);
    for (const [slot, row] of rows.entries()) if (row !== 0) this.#put(hashes[slot]!, row);
  }
}

/** The bits of a hash that do not select the part. */
function slotOf(hash: number): number {
  return hash >>> 10;
}

/**
 * Rows by hash, outside the garbage collector's heap. The index consists of many parts, so that
 * none takes long to grow.
 */
export class RowIndex {
  readonly #parts = new Array<Part | undefined>(PARTS).fill(undefined);

  add(hash: number, row: number): void {
    (this.#parts[hash & (PARTS - 1)] ??= new Part()).add(hash, row);
  }

  /** Removes a row. Returns true if it was there. */
  remove(hash: number, row: number): boolean {
    return this.#parts[hash & (PARTS - 1)]?.remove(hash, row) ?? false;
  }

  /** The rows that were added with this hash. */
  find(hash: number): number[] {
    return this.#parts[hash & (PARTS - 1)]?.find(hash) ?? [];
  }

  clear(): void {
    this.#parts.fill(undefined);
  }
}
