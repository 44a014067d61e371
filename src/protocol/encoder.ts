import { InvalidArgumentError } from "../errors.ts";
import { ByteBuffer } from "../internal/bytes.ts";

/** Puts commands into one buffer, one after the other; the buffer is used again after `clear`. */
export class CommandEncoder {
  readonly #encoder = new TextEncoder();
  readonly #buffer = new ByteBuffer(16 * 1024);

  /** Bytes waiting. */
  get length(): number {
    return this.#buffer.length;
  }

  /** What is waiting, as a view: it holds until the next change. */
  get view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.view;
  }

  /**
   * Adds a command. Its payload has to be one line, or it would be another command.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on a line break.
   */
  add(verb: string, payload = ""): void {
    const line = payload === "" ? verb : `${verb} ${payload}`;
    if (line.includes("\n") || line.includes("\r")) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        "Cannot send a command as it has a line break in it",
      );
    }
    this.#buffer.appendText(`${line}\r\n`, this.#encoder);
  }

  /** Forgets what is waiting. */
  clear(): void {
    this.#buffer.clear();
  }
}
