/** One for all: it keeps nothing between two texts. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Bytes of a chunk from which on it pays to read all of it at once, where a text is only a part of
 * it.
 */
const MIN_BYTES = 512;

/** Chunks that are read text by text after one that has other characters than ASCII's. */
const PATIENCE = 16;

/**
 * Reads the texts of one chunk after the other. Where a chunk is ASCII, as most are, it is decoded
 * once, and its texts are pieces of that: calling a decoder takes longer than decoding the few
 * hundred bytes of a job.
 */
export class ChunkText {
  /** The chunk that was looked at last, and its text where it is ASCII. */
  #chunk: Uint8Array | undefined;
  #text: string | undefined;
  /** Chunks that are not looked at as a whole. */
  #skip = 0;

  /** The text of `bytes` from `start` to `end`. */
  of(bytes: Uint8Array, start: number, end: number): string {
    if (bytes !== this.#chunk) this.#look(bytes, end - start);
    if (this.#text !== undefined) return this.#text.slice(start, end);
    return utf8.decode(bytes.subarray(start, end));
  }

  /** Other bytes come, perhaps where the last ones lay. */
  forget(): void {
    this.#chunk = this.#text = undefined;
  }

  #look(bytes: Uint8Array, length: number): void {
    this.#chunk = bytes;
    this.#text = undefined;
    if (bytes.length < MIN_BYTES || length * 2 > bytes.length) return;
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    const text = utf8.decode(bytes);
    // As long as its bytes: each of them is a character of its own, and would be so in any piece.
    if (text.length === bytes.length) this.#text = text;
    else this.#skip = PATIENCE;
  }
}
