/** Checks that bytes are valid JSON. Errors have the texts of Go's `encoding/json`. */

import { quoteByte } from "./quote.ts";
import { bytesOf } from "./text.ts";

/** Maximum depth of containers. */
export const MAX_DEPTH = 10_000;

const END = "unexpected end of JSON input";

const QUOTE = 0x22;
const COMMA = 0x2c;
const DASH = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** States of the scanner, named after the token that comes next. */
const AT_VALUE = 0;
const AT_VALUE_OR_END = 1;
const AT_KEY = 2;
const AT_KEY_OR_END = 3;
const AT_COLON = 4;
const AT_AFTER_VALUE = 5;
const AT_TEXT = 6;
const AT_ESCAPE = 7;
const AT_HEX = 8;
const AT_AFTER_DASH = 9;
const AT_AFTER_ZERO = 10;
const AT_INTEGER = 11;
const AT_AFTER_DOT = 12;
const AT_FRACTION = 13;
const AT_AFTER_E = 14;
const AT_AFTER_SIGN = 15;
const AT_EXPONENT = 16;
const AT_WORD = 17;

/** The words of JSON, found by their first byte. */
const WORDS: readonly string[] = ["true", "false", "null"];

/** Scans bytes once, in portions. Its only state is which containers are open. */
export class SyntaxCheck {
  readonly #bytes: Uint8Array;
  #at: number;
  #state: number = AT_VALUE;
  /** For each open container, 1 if it is an array. */
  readonly #isArray = new Uint8Array(MAX_DEPTH + 1);
  #depth = 0;
  /** True if the current string is a key. */
  #isKey = false;
  /** Hexadecimal digits left in an escape, or letters read of a word. */
  #count = 0;
  #word = "";
  #fault: string | undefined;

  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = bytes;
    this.#at = from;
  }

  /** The error, after the end was reached. `undefined` for valid JSON. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Scans up to `count` more bytes. Returns true if the result is known. */
  run(count: number): boolean {
    const end = Math.min(this.#at + count, this.#bytes.length);
    while (this.#at < end) if (!this.#step(this.#bytes[this.#at]!, end)) return true;
    if (this.#at < this.#bytes.length) return false;
    this.#finish();
    return true;
  }

  /**
   * Handles the end. To Go, a space follows the last byte: it ends a number, but is an error inside
   * a word.
   */
  #finish(): void {
    if (this.#state === AT_TEXT) this.#fault = END;
    else if (this.#take(SPACE)) {
      if (this.#state !== AT_AFTER_VALUE || this.#depth > 0) this.#fault = END;
    }
  }

  /** Consumes a byte, and skips plain text after it. Returns true unless it is an error. */
  #step(byte: number, end: number): boolean {
    if (this.#state === AT_TEXT) {
      // Most bytes belong to strings.
      const bytes = this.#bytes;
      let at = this.#at;
      while (at < end) {
        const next = bytes[at]!;
        if (next === QUOTE || next === BACKSLASH || next < SPACE) break;
        at++;
      }
      this.#at = at;
      if (at === end) return true;
      byte = bytes[at]!;
    }
    if (!this.#take(byte)) return false;
    this.#at++;
    return true;
  }

  #take(byte: number): boolean {
    switch (this.#state) {
      case AT_TEXT:
        if (byte === QUOTE) return this.#go(this.#isKey ? AT_COLON : AT_AFTER_VALUE);
        if (byte === BACKSLASH) return this.#go(AT_ESCAPE);
        return byte >= SPACE || this.#invalid(byte, "in string literal");
      case AT_VALUE:
        return isSpace(byte) || this.#value(byte);
      case AT_VALUE_OR_END:
        if (byte === CLOSE_BRACKET) return this.#close();
        return isSpace(byte) || this.#value(byte);
      case AT_KEY_OR_END:
        if (byte === CLOSE_BRACE) return this.#close();
        return isSpace(byte) || this.#key(byte);
      case AT_KEY:
        return isSpace(byte) || this.#key(byte);
      case AT_COLON:
        if (byte === COLON) return this.#go(AT_VALUE);
        return isSpace(byte) || this.#invalid(byte, "after object key");
      case AT_AFTER_VALUE:
        return isSpace(byte) || this.#afterValue(byte);
      case AT_ESCAPE:
        if (byte === 0x75) {
          this.#count = 4;
          return this.#go(AT_HEX);
        }
        // One of: " \ / b f n r t
        if (
          byte === QUOTE || byte === BACKSLASH || byte === 0x2f || byte === 0x62 ||
          byte === 0x66 || byte === 0x6e || byte === 0x72 || byte === 0x74
        ) return this.#go(AT_TEXT);
        return this.#invalid(byte, "in string escape code");
      case AT_HEX:
        if (!isHex(byte)) return this.#invalid(byte, "in \\u hexadecimal character escape");
        return --this.#count > 0 || this.#go(AT_TEXT);
      case AT_WORD:
        if (byte !== this.#word.charCodeAt(this.#count)) {
          return this.#invalid(
            byte,
            `in literal ${this.#word} (expecting '${this.#word[this.#count]}')`,
          );
        }
        return ++this.#count < this.#word.length || this.#go(AT_AFTER_VALUE);
      default:
        return this.#number(byte);
    }
  }

  #value(byte: number): boolean {
    if (byte === QUOTE) {
      this.#isKey = false;
      return this.#go(AT_TEXT);
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++this.#depth > MAX_DEPTH) return this.#invalid(byte, "exceeded max depth");
      const isArray = byte === OPEN_BRACKET;
      this.#isArray[this.#depth] = isArray ? 1 : 0;
      return this.#go(isArray ? AT_VALUE_OR_END : AT_KEY_OR_END);
    }
    if (byte === DASH) return this.#go(AT_AFTER_DASH);
    if (byte === ZERO) return this.#go(AT_AFTER_ZERO);
    if (isDigit(byte)) return this.#go(AT_INTEGER);
    for (const word of WORDS) {
      if (byte !== word.charCodeAt(0)) continue;
      this.#word = word;
      this.#count = 1;
      return this.#go(AT_WORD);
    }
    return this.#invalid(byte, "looking for beginning of value");
  }

  #key(byte: number): boolean {
    if (byte !== QUOTE) return this.#invalid(byte, "looking for beginning of object key string");
    this.#isKey = true;
    return this.#go(AT_TEXT);
  }

  #afterValue(byte: number): boolean {
    if (this.#depth === 0) return this.#invalid(byte, "after top-level value");
    const isArray = this.#isArray[this.#depth] === 1;
    if (byte === COMMA) return this.#go(isArray ? AT_VALUE : AT_KEY);
    if (byte === (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) return this.#close();
    return this.#invalid(byte, isArray ? "after array element" : "after object key:value pair");
  }

  #number(byte: number): boolean {
    const state = this.#state;
    if (isDigit(byte)) {
      if (state === AT_AFTER_DASH) return this.#go(byte === ZERO ? AT_AFTER_ZERO : AT_INTEGER);
      if (state === AT_AFTER_DOT) return this.#go(AT_FRACTION);
      if (state === AT_AFTER_E || state === AT_AFTER_SIGN) return this.#go(AT_EXPONENT);
      if (state !== AT_AFTER_ZERO) return true;
    }
    if (state === AT_AFTER_DASH) return this.#invalid(byte, "in numeric literal");
    if (state === AT_AFTER_DOT) {
      return this.#invalid(byte, "after decimal point in numeric literal");
    }
    if (state === AT_AFTER_E && (byte === 0x2b || byte === DASH)) return this.#go(AT_AFTER_SIGN);
    if (state === AT_AFTER_E || state === AT_AFTER_SIGN) {
      return this.#invalid(byte, "in exponent of numeric literal");
    }
    const isInteger = state === AT_INTEGER || state === AT_AFTER_ZERO;
    if (isInteger && byte === DOT) return this.#go(AT_AFTER_DOT);
    if (state !== AT_EXPONENT && (byte | 0x20) === 0x65) return this.#go(AT_AFTER_E);
    this.#state = AT_AFTER_VALUE;
    return isSpace(byte) || this.#afterValue(byte);
  }

  #go(state: number): true {
    this.#state = state;
    return true;
  }

  #close(): true {
    this.#depth--;
    return this.#go(AT_AFTER_VALUE);
  }

  #invalid(byte: number, where: string): false {
    this.#fault = `invalid character ${quoteByte(byte)} ${where}`;
    return false;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66;
}

/** Returns the error in a text, or `undefined` if it is valid JSON. */
export function syntaxFault(text: string): string | undefined {
  const check = new SyntaxCheck(bytesOf(text));
  check.run(Infinity);
  return check.fault;
}
