/** Sizes of the first and the largest piece, in bytes. */
const FIRST_PIECE = 1024;
const MAX_PIECE = 1024 * 1024;

/** A growing sequence of bytes, in a few pieces that are never copied when it grows. */
export class Pieces {
  #pieces: Uint8Array[] = [];
  /** Used bytes of the last piece. */
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      let last = this.#pieces.at(-1);
      if (last === undefined || this.#filled === last.length) {
        const size = last === undefined ? FIRST_PIECE : last.length * 4;
        last = new Uint8Array(Math.min(Math.max(size, bytes.length - at), MAX_PIECE));
        this.#pieces.push(last);
        this.#filled = 0;
      }
      const part = bytes.subarray(at, at + last.length - this.#filled);
      last.set(part, this.#filled);
      this.#filled += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  /** Returns the first 8 bytes of the sequence with these bytes added. */
  startWith(bytes: Uint8Array): Uint8Array {
    const first = this.#pieces[0];
    const start = new Uint8Array(8);
    const count = Math.min(this.#length, 8);
    if (first !== undefined) start.set(first.subarray(0, count));
    start.set(bytes.subarray(0, 8 - count), count);
    return start;
  }

  /** Removes and returns all pieces. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    const last = pieces.pop();
    if (last !== undefined) pieces.push(last.subarray(0, this.#filled));
    this.#pieces = [];
    this.#filled = this.#length = 0;
    return pieces;
  }
}
