/**
 * Pieces to join into a block, so that a long line in tiny pieces uses little more memory than its
 * text.
 */
const PIECES_OF_A_BLOCK = 1024;

/**
 * Regroups text into whole lines. An incomplete line is kept as pieces and never searched again, so
 * the caller's splitting takes linear time, however small the pieces are.
 */
export class WholeLines {
  /** The start of the incomplete line as blocks, and the rest as pieces. */
  readonly #blocks: string[] = [];
  readonly #pieces: string[] = [];

  /** Returns the lines that `text` completes, with their line breaks. Empty if there are none. */
  add(text: string): string {
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0) {
      this.#keep(text);
      return "";
    }
    const lines = this.#take(text.slice(0, end));
    this.#keep(text.slice(end));
    return lines;
  }

  /** Returns the last line if it has no line break. */
  end(): string {
    return this.#take("");
  }

  #keep(text: string): void {
    if (text === "") return;
    this.#pieces.push(text);
    if (this.#pieces.length < PIECES_OF_A_BLOCK) return;
    this.#blocks.push(this.#pieces.join(""));
    this.#pieces.length = 0;
  }

  /** Returns everything kept, followed by `text`. */
  #take(text: string): string {
    const all = [...this.#blocks, ...this.#pieces, text].join("");
    this.#blocks.length = 0;
    this.#pieces.length = 0;
    return all;
  }
}
