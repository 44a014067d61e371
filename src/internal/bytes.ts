/** Memory that a buffer keeps for later use, in bytes. More is freed after a large job. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Longest text that is encoded in one call, in UTF-16 units. */
const SHORT_TEXT = 64 * 1024;

/** A growing buffer of bytes. After `clear`, it keeps at most 1 MiB of memory for later use. */
export class ByteBuffer {
  readonly #capacity: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 256) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Size of its memory, in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** The bytes, as a view that is valid until the next change. */
  get view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends a text as UTF-8, without an intermediate copy. */
  appendText(text: string, encoder: TextEncoder): void {
    if (text.length > SHORT_TEXT) return this.#appendLong(text, encoder);
    // One UTF-16 unit takes at most three bytes.
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Removes all bytes. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = new Uint8Array(this.#capacity);
  }

  /**
   * Appends a text in several steps. Most texts take one byte per unit; reserving three would take
   * three times the memory.
   */
  #appendLong(text: string, encoder: TextEncoder): void {
    let rest = text;
    while (rest !== "") {
      this.#reserve(rest.length + 4);
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#length));
      this.#length += written;
      rest = rest.slice(read);
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const factor = needed > MAX_KEPT_BYTES ? 1.25 : 2;
    const grown = new Uint8Array(Math.max(needed, Math.ceil(this.#bytes.length * factor)));
    grown.set(this.view);
    this.#bytes = grown;
  }
}
