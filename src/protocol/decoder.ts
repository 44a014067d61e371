import { ProtocolError } from "../errors.ts";
import { ByteBuffer } from "../internal/bytes.ts";
import { ChunkText } from "./chunk_text.ts";
import type { Reply } from "./reply.ts";

const LF = 10;
const CR = 13;

/** Default size of the largest reply, in bytes. */
export const DEFAULT_MAX_REPLY_BYTES = 64 * 1024 * 1024;

const OK: Reply = { kind: "status", text: "OK" };
const NIL: Reply = { kind: "bulk", text: null };

/**
 * Decodes bytes into replies. Chunks may be cut anywhere. It never buffers more than the bytes
 * received, even if a reply claims a larger length. A reply that lies whole in a chunk is read in
 * place.
 */
export class ReplyDecoder {
  readonly #onReply: (reply: Reply) => void;
  readonly #maxBytes: number;
  readonly #text = new ChunkText();
  /** The start of an incomplete line or bulk. */
  readonly #rest = new ByteBuffer();
  /** Length of the incomplete bulk, without its CRLF; -1 between replies. */
  #bulkBytes = -1;

  constructor(onReply: (reply: Reply) => void, maxBytes: number = DEFAULT_MAX_REPLY_BYTES) {
    this.#onReply = onReply;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of memory for incomplete replies. The memory of a large reply is not kept. */
  get capacity(): number {
    return this.#rest.capacity;
  }

  /**
   * Decodes the next bytes.
   *
   * @throws {ProtocolError} `PROTOCOL_VIOLATION` or `REPLY_TOO_LARGE`. The decoder cannot be used
   * after that.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#bulkBytes < 0 ? this.#readLine(chunk, at) : this.#readBulk(chunk, at);
    }
    // The chunk's memory may be reused, and the text of a large reply should be freed.
    this.#text.clear();
  }

  #readLine(chunk: Uint8Array, start: number): number {
    const end = lineEnd(chunk, start);
    const stop = end < 0 ? chunk.length : end;
    if (this.#rest.length + stop - start > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (end < 0) {
      this.#rest.append(chunk.subarray(start));
      return chunk.length;
    }
    if (this.#rest.length === 0) {
      this.#line(chunk, start, end);
    } else {
      const line = this.#complete(chunk.subarray(start, end));
      this.#line(line, 0, line.length);
      this.#rest.clear();
    }
    return end + 1;
  }

  #readBulk(chunk: Uint8Array, start: number): number {
    const end = start + this.#bulkBytes + 2 - this.#rest.length;
    if (end > chunk.length) {
      this.#rest.append(chunk.subarray(start));
      return chunk.length;
    }
    const length = this.#bulkBytes;
    this.#bulkBytes = -1;
    if (this.#rest.length === 0) {
      this.#bulk(chunk, start, start + length);
    } else {
      this.#bulk(this.#complete(chunk.subarray(start, end)), 0, length);
      this.#rest.clear();
    }
    return end;
  }

  /** Returns the buffered start joined with `end`, until the buffer is cleared. */
  #complete(end: Uint8Array): Uint8Array {
    this.#rest.append(end);
    return this.#rest.view;
  }

  /** Handles the line from `start` up to the LF at `end`. */
  #line(bytes: Uint8Array, start: number, end: number): void {
    const stop = end > start && bytes[end - 1] === CR ? end - 1 : end;
    switch (bytes[start]) {
      case 0x2b: // +
        return this.#onReply(
          isOk(bytes, start, stop)
            ? OK
            : { kind: "status", text: this.#textOf(bytes, start, stop) },
        );
      case 0x2d: // -
        return this.#onReply({ kind: "error", text: this.#textOf(bytes, start, stop) });
      case 0x3a: // :
        return this.#onReply({ kind: "integer", value: integer(bytes, start, stop) });
      case 0x24: // $
        return this.#beginBulk(integer(bytes, start, stop));
      default:
        throw violation("a reply does not begin with +, -, : or $");
    }
  }

  #textOf(bytes: Uint8Array, start: number, end: number): string {
    return this.#text.of(bytes, start + 1, end);
  }

  #beginBulk(length: number): void {
    if (length === -1) return this.#onReply(NIL);
    if (length < 0) throw violation("a bulk reply has a negative length");
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#bulkBytes = length;
  }

  #bulk(bytes: Uint8Array, start: number, end: number): void {
    if (bytes[end] !== CR || bytes[end + 1] !== LF) {
      throw violation("a bulk reply does not end where its length says");
    }
    this.#onReply({ kind: "bulk", text: this.#text.of(bytes, start, end) });
  }
}

/**
 * Number of bytes that are searched here before the native search: most lines are shorter, and the
 * native call costs more for them.
 */
const SHORT_LINE = 16;

/** Returns the index of the LF of the line that starts at `start`, or -1. */
function lineEnd(bytes: Uint8Array, start: number): number {
  const near = Math.min(start + SHORT_LINE, bytes.length);
  for (let i = start; i < near; i++) if (bytes[i] === LF) return i;
  return bytes.indexOf(LF, near);
}

function isOk(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 3 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x4b;
}

/** Number of digits that always fit into a safe integer. */
const MAX_DIGITS = 15;

/** Parses the integer after a line's first byte, without creating a text. */
function integer(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start + 1] === 0x2d;
  const first = start + (isNegative ? 2 : 1);
  if (first >= end || end - first > MAX_DIGITS) throw noInteger();
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) throw noInteger();
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

function noInteger(): ProtocolError {
  return violation("a reply has an invalid integer");
}

/** Returns the error for bytes that are not a reply. */
export function violation(what: string): ProtocolError {
  return new ProtocolError("PROTOCOL_VIOLATION", `Cannot read the server's reply as ${what}`);
}

/** Returns the error for a reply that is too large. */
export function tooLarge(maxBytes: number): ProtocolError {
  return new ProtocolError(
    "REPLY_TOO_LARGE",
    `Cannot read the server's reply as it is larger than ${maxBytes} bytes`,
  );
}
