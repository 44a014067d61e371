/**
 * Pieces that are put together to one, so that a long line in tiny pieces takes no more memory than
 * it has text.
 */
const PIECES_OF_A_BLOCK = 1024;

/**
 * Text in any pieces to text that ends where a line ends. An incomplete line is kept as its pieces
 * and never looked through again: whoever splits the text afterwards gets each line whole, however
 * small the pieces were.
 */
export class WholeLines {
  /** The beginning of the incomplete line, and what follows it in smaller pieces. */
  readonly #blocks: string[] = [];
  readonly #pieces: string[] = [];

  /** The lines that are complete with the next text, with their ends; empty where none is. */
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

  /** The last line, where it has no end. */
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

  /** What was kept, with `text` behind it. */
  #take(text: string): string {
    const all = [...this.#blocks, ...this.#pieces, text].join("");
    this.#blocks.length = 0;
    this.#pieces.length = 0;
    return all;
  }
}
