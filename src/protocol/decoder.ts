import { ProtocolError } from "../errors.ts";
import { ByteBuffer } from "../internal/bytes.ts";
import type { Reply } from "./reply.ts";

const LF = 10;
const CR = 13;

/** The largest reply that is taken unless said otherwise, in bytes: a job of 32 MiB and room to spare. */
export const DEFAULT_MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** One for all: it keeps nothing between two texts. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

const OK: Reply = { kind: "status", text: "OK" };
const NIL: Reply = { kind: "bulk", text: null };

/**
 * Turns bytes into replies, however they are cut: hand it each chunk as it comes. It keeps no more than it was given,
 * whatever length a reply claims to have.
 */
export class ReplyDecoder {
  readonly #onReply: (reply: Reply) => void;
  readonly #maxBytes: number;
  /** The beginning of a line or of a bulk whose end has not come. */
  #rest = new ByteBuffer();
  /** Bytes of the bulk under way, without its CRLF; -1 between replies. */
  #bulkBytes = -1;

  constructor(onReply: (reply: Reply) => void, maxBytes: number = DEFAULT_MAX_REPLY_BYTES) {
    this.#onReply = onReply;
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes.
   *
   * @throws {ProtocolError} `PROTOCOL_VIOLATION` or `REPLY_TOO_LARGE`; the decoder is of no more use then.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#bulkBytes < 0 ? this.#readLine(chunk, at) : this.#readBulk(chunk, at);
    }
  }

  #readLine(chunk: Uint8Array, start: number): number {
    const end = chunk.indexOf(LF, start);
    const stop = end < 0 ? chunk.length : end;
    if (this.#rest.length + stop - start > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (end < 0) {
      this.#rest.append(chunk.subarray(start));
      return chunk.length;
    }
    this.#line(this.#complete(chunk.subarray(start, end)));
    return end + 1;
  }

  #readBulk(chunk: Uint8Array, start: number): number {
    const end = start + this.#bulkBytes + 2 - this.#rest.length;
    if (end > chunk.length) {
      this.#rest.append(chunk.subarray(start));
      return chunk.length;
    }
    const bytes = this.#complete(chunk.subarray(start, end));
    const length = this.#bulkBytes;
    this.#bulkBytes = -1;
    if (bytes[length] !== CR || bytes[length + 1] !== LF) {
      throw violation("a bulk reply does not end where its length says");
    }
    this.#onReply({ kind: "bulk", text: utf8.decode(bytes.subarray(0, length)) });
    return end;
  }

  /** `end` with what came before it. */
  #complete(end: Uint8Array): Uint8Array {
    if (this.#rest.length === 0) return end;
    const rest = this.#rest;
    rest.append(end);
    // A large reply's memory is not kept for the small ones that follow.
    this.#rest = new ByteBuffer();
    return rest.view;
  }

  #line(bytes: Uint8Array): void {
    const end = bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
    switch (bytes[0]) {
      case 0x2b: // +
        return this.#onReply(
          isOk(bytes, end) ? OK : { kind: "status", text: this.#textOf(bytes, end) },
        );
      case 0x2d: // -
        return this.#onReply({ kind: "error", text: this.#textOf(bytes, end) });
      case 0x3a: // :
        return this.#onReply({ kind: "integer", value: integer(bytes, end) });
      case 0x24: // $
        return this.#bulk(integer(bytes, end));
      default:
        throw violation("a reply begins with none of + - : $");
    }
  }

  #textOf(line: Uint8Array, end: number): string {
    return utf8.decode(line.subarray(1, end));
  }

  #bulk(length: number): void {
    if (length === -1) return this.#onReply(NIL);
    if (length < 0) throw violation("a bulk reply has a negative length");
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#bulkBytes = length;
  }
}

function isOk(line: Uint8Array, end: number): boolean {
  return end === 3 && line[1] === 0x4f && line[2] === 0x4b;
}

/** Digits that a safe integer surely has room for. */
const MAX_DIGITS = 15;

/** The integer behind a line's first byte, read without making a text of it. */
function integer(line: Uint8Array, end: number): number {
  const isNegative = line[1] === 0x2d;
  const start = isNegative ? 2 : 1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = line[i]! - 0x30;
    if (digit < 0 || digit > 9) throw noInteger();
    value = value * 10 + digit;
  }
  if (start >= end || end - start > MAX_DIGITS) throw noInteger();
  return isNegative ? -value : value;
}

function noInteger(): ProtocolError {
  return violation("a reply has no integer where one belongs");
}

function violation(what: string): ProtocolError {
  return new ProtocolError("PROTOCOL_VIOLATION", `Cannot read the server's reply as ${what}`);
}

function tooLarge(maxBytes: number): ProtocolError {
  return new ProtocolError(
    "REPLY_TOO_LARGE",
    `Cannot read the server's reply as it is larger than ${maxBytes} bytes`,
  );
}
