import { tooLarge, violation } from "./decoder.ts";
import type { Reply } from "./reply.ts";

const LF = 10;
const CR = 13;

/**
 * Decodes bytes into replies like `ReplyDecoder`, with a third of its code, for small bundles.
 *
 * A reply that arrives in pieces is copied with each piece, so this suits replies that are small or
 * few.
 */
export class SmallReplyDecoder {
  readonly #onReply: (reply: Reply) => void;
  readonly #maxBytes: number;
  /** The start of an incomplete reply. */
  #rest = new Uint8Array();

  constructor(onReply: (reply: Reply) => void, maxBytes: number) {
    this.#onReply = onReply;
    this.#maxBytes = maxBytes;
  }

  /**
   * Decodes the next bytes.
   *
   * @throws {ProtocolError} `PROTOCOL_VIOLATION` or `REPLY_TOO_LARGE`. The decoder cannot be used
   * after that.
   */
  push(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    let at = 0;
    let next = this.#read(bytes, at);
    while (next > at) next = this.#read(bytes, at = next);
    this.#rest = bytes.subarray(at);
  }

  /** Reads the reply that begins at `at`. Returns its end, or `at` if it is not complete. */
  #read(bytes: Uint8Array, at: number): number {
    const max = this.#maxBytes;
    const lf = bytes.indexOf(LF, at);
    if ((lf < 0 ? bytes.length : lf) - at > max) throw tooLarge(max);
    if (lf < 0) return at;
    const text = decode(bytes, at + 1, bytes[lf - 1] === CR ? lf - 1 : lf);
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    let end = lf + 1;
    let reply: Reply | undefined;
    switch (bytes[at]) {
      case 0x2b: // +
        reply = { kind: "status", text };
        break;
      case 0x2d: // -
        reply = { kind: "error", text };
        break;
      case 0x3a: // :
        if (!Number.isNaN(value)) reply = { kind: "integer", value };
        break;
      case 0x24: // $
        if (value === -1) reply = { kind: "bulk", text: null };
        if (value > max) throw tooLarge(max);
        if (value >= 0) {
          end += value + 2;
          if (end > bytes.length) return at;
          if (bytes[end - 2] === CR && bytes[end - 1] === LF) {
            reply = { kind: "bulk", text: decode(bytes, lf + 1, end - 2) };
          }
        }
    }
    if (reply === undefined) throw violation("it violates the protocol");
    this.#onReply(reply);
    return end;
  }
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
}
