/** Shared, because it keeps no state between two calls. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Size from which a chunk is decoded as a whole, in bytes, if a text is only a part of it. */
const MIN_BYTES = 512;

/** Number of chunks to decode text by text after one with non-ASCII characters. */
const SKIP_AFTER_NON_ASCII = 16;

/**
 * Decodes the texts of a chunk. An ASCII chunk, as most are, is decoded once and then sliced,
 * because calling a decoder takes longer than decoding the few hundred bytes of a job.
 */
export class ChunkText {
  /** The last chunk, and its text if it is ASCII. */
  #chunk: Uint8Array | undefined;
  #text: string | undefined;
  /** Number of chunks that are not decoded as a whole. */
  #skip = 0;

  /** Returns the text of `bytes` from `start` to `end`. */
  of(bytes: Uint8Array, start: number, end: number): string {
    if (bytes !== this.#chunk) this.#setChunk(bytes, end - start);
    if (this.#text !== undefined) return this.#text.slice(start, end);
    return utf8.decode(bytes.subarray(start, end));
  }

  /** Drops the chunk, because its memory may be reused for other bytes. */
  clear(): void {
    this.#chunk = this.#text = undefined;
  }

  #setChunk(bytes: Uint8Array, length: number): void {
    this.#chunk = bytes;
    this.#text = undefined;
    if (bytes.length < MIN_BYTES || length * 2 > bytes.length) return;
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    const text = utf8.decode(bytes);
    // Same length as the bytes: each byte is one character, in every part of the text.
    if (text.length === bytes.length) this.#text = text;
    else this.#skip = SKIP_AFTER_NON_ASCII;
  }
}
