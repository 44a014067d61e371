import { textOf } from "./go/text.ts";

const LF = 10;

/** Room for the beginning of a line, in bytes, until it needs more. */
const ROOM = 1024;

const NOTHING = new Uint8Array(0);

/** Cuts what a client sends into lines. The beginning of a line whose end has not come is kept in one piece. */
export class LineReader {
  #kept = NOTHING;
  #keptBytes = 0;

  /** How much of a line whose end has not come is kept, in bytes. */
  get pending(): number {
    return this.#keptBytes;
  }

  /** The lines that `bytes` end, without their ends. */
  read(bytes: Uint8Array): string[] {
    const end = bytes.lastIndexOf(LF);
    if (end < 0) {
      this.#keep(bytes);
      return [];
    }
    let whole = bytes.subarray(0, end);
    if (this.#keptBytes > 0) {
      this.#keep(whole);
      whole = this.#kept.subarray(0, this.#keptBytes);
    }
    // Decoded together, which costs a tenth of one by one. No character of UTF-8 has a line's end in it.
    const lines = textOf(whole).split("\n");
    this.#kept = NOTHING;
    this.#keptBytes = 0;
    if (end + 1 < bytes.length) this.#keep(bytes.subarray(end + 1));
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      if (line.endsWith("\r")) lines[i] = line.slice(0, -1);
    }
    return lines;
  }

  #keep(bytes: Uint8Array): void {
    const size = this.#keptBytes + bytes.length;
    if (size > this.#kept.length) {
      const larger = new Uint8Array(Math.max(size, this.#kept.length * 2, ROOM));
      larger.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = larger;
    }
    this.#kept.set(bytes, this.#keptBytes);
    this.#keptBytes = size;
  }
}
