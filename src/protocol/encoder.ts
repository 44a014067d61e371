import { InvalidArgumentError } from "../errors.ts";
import { ByteBuffer } from "../internal/bytes.ts";

/** Text that is gathered before it is made into bytes, in UTF-16 units. */
const MAX_TEXT = 64 * 1024;

/**
 * Puts commands into one buffer, one after the other; the buffer is used again after `clear`.
 *
 * They are gathered as text, and made into bytes many at a time: for short ones that takes 90 ns
 * each instead of 220.
 */
export class CommandEncoder {
  readonly #encoder = new TextEncoder();
  readonly #buffer = new ByteBuffer(16 * 1024);
  #text = "";

  /** Whether nothing is waiting. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#buffer.length === 0;
  }

  /** About the bytes that are waiting: text that is not encoded yet counts a byte a UTF-16 unit. */
  get size(): number {
    return this.#text.length + this.#buffer.length;
  }

  /** Bytes of memory that are kept for what comes. */
  get capacity(): number {
    return this.#buffer.capacity;
  }

  /** The bytes that are waiting, as a view: it is valid until the next change. */
  get view(): Uint8Array<ArrayBuffer> {
    this.#encode();
    return this.#buffer.view;
  }

  /**
   * Adds a command. Its payload has to be one line, or it would be another command.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on a line break.
   */
  add(verb: string, payload = ""): void {
    if (hasLineBreak(verb) || hasLineBreak(payload)) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        "Cannot send a command as it has a line break in it",
      );
    }
    this.#text += payload === "" ? `${verb}\r\n` : `${verb} ${payload}\r\n`;
    if (this.#text.length > MAX_TEXT) this.#encode();
  }

  /** Forgets what is waiting. */
  clear(): void {
    this.#text = "";
    this.#buffer.clear();
  }

  #encode(): void {
    if (this.#text === "") return;
    this.#buffer.appendText(this.#text, this.#encoder);
    this.#text = "";
  }
}

function hasLineBreak(text: string): boolean {
  return text.includes("\n") || text.includes("\r");
}
