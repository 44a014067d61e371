const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

/** A growing array of 32-bit integers or of floats. Its chunks are never copied when it grows. */
export class Numbers {
  readonly #kind: Uint32ArrayConstructor | Float64ArrayConstructor;
  readonly #chunks: (Uint32Array | Float64Array)[] = [];
  #length = 0;

  constructor(kind: Uint32ArrayConstructor | Float64ArrayConstructor = Uint32Array) {
    this.#kind = kind;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.set(this.#length, value);
  }

  get(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]![index & MASK]!;
  }

  /** Sets the number at an index. Skipped indexes are 0. */
  set(index: number, value: number): void {
    if (index >= this.#length) {
      this.#length = index + 1;
      while (this.#chunks.length * CHUNK <= index) this.#chunks.push(new this.#kind(CHUNK));
    }
    this.#chunks[index >>> CHUNK_BITS]![index & MASK] = value;
  }
}
