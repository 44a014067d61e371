/** What Go's `encoding/json` says of JSON that is none, in the words of its scanner. */

import { quotedByte } from "./quote.ts";

/** Containers in containers, at most. */
export const MAX_DEPTH = 10_000;

const END = "unexpected end of JSON input";

const BACKSLASH_ESCAPES = 'bfnrt\\/"';

/** What comes next: the end of a container instead of its first member is a state of its own. */
type Expected = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end";

/** The fault in a text that is no JSON; `undefined` where it is JSON. */
export function syntaxFault(text: string): string | undefined {
  return new Scanner(text).fault();
}

class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #open: ("{" | "[")[] = [];
  #expected: Expected = "value";

  constructor(text: string) {
    this.#text = text;
  }

  fault(): string | undefined {
    for (;;) {
      while (" \t\r\n".includes(this.#text[this.#at] ?? "-")) this.#at++;
      const isWhole = this.#expected === ", or end" && this.#open.length === 0;
      const character = this.#text[this.#at];
      if (character === undefined) return isWhole ? undefined : END;
      if (isWhole) return this.#invalid("after top-level value");
      const fault = this.#step(character);
      if (fault !== undefined) return fault;
    }
  }

  #step(character: string): string | undefined {
    switch (this.#expected) {
      case "value or ]":
        return character === "]" ? this.#close() : this.#value(character);
      case "value":
        return this.#value(character);
      case "key or }":
        return character === "}" ? this.#close() : this.#key(character);
      case "key":
        return this.#key(character);
      case ":":
        if (character !== ":") return this.#invalid("after object key");
        return this.#go("value");
      default:
        return this.#afterValue(character);
    }
  }

  #afterValue(character: string): string | undefined {
    const isArray = this.#open.at(-1) === "[";
    if (character === ",") return this.#go(isArray ? "value" : "key");
    if (character === (isArray ? "]" : "}")) return this.#close();
    return this.#invalid(isArray ? "after array element" : "after object key:value pair");
  }

  #go(expected: Expected): undefined {
    this.#at++;
    this.#expected = expected;
  }

  #close(): undefined {
    this.#open.pop();
    this.#go(", or end");
  }

  #key(character: string): string | undefined {
    if (character !== '"') return this.#invalid("looking for beginning of object key string");
    const fault = this.#string();
    this.#expected = ":";
    return fault;
  }

  #value(character: string): string | undefined {
    if (character === "{" || character === "[") {
      this.#open.push(character);
      if (this.#open.length > MAX_DEPTH) return this.#invalid("exceeded max depth");
      return this.#go(character === "{" ? "key or }" : "value or ]");
    }
    this.#expected = ", or end";
    if (character === '"') return this.#string();
    if (character === "-" || isDigit(character)) return this.#number();
    for (const word of ["true", "false", "null"]) {
      if (character === word[0]) return this.#word(word);
    }
    return this.#invalid("looking for beginning of value");
  }

  #string(): string | undefined {
    for (this.#at++;; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) return END;
      if (character < " ") return this.#invalid("in string literal");
      if (character === '"') break;
      if (character !== "\\") continue;
      this.#at++;
      if (this.#current() === "u") {
        for (let i = 0; i < 4; i++) {
          this.#at++;
          if (!/^[0-9a-fA-F]$/.test(this.#current())) {
            return this.#invalid("in \\u hexadecimal character escape");
          }
        }
      } else if (!BACKSLASH_ESCAPES.includes(this.#current())) {
        return this.#invalid("in string escape code");
      }
    }
    this.#at++;
    return undefined;
  }

  #number(): string | undefined {
    if (this.#current() === "-") {
      this.#at++;
      if (!isDigit(this.#current())) return this.#invalid("in numeric literal");
    }
    if (this.#current() === "0") this.#at++;
    else this.#digits();
    if (this.#current() === ".") {
      this.#at++;
      if (!isDigit(this.#current())) return this.#invalid("after decimal point in numeric literal");
      this.#digits();
    }
    if (this.#current().toLowerCase() === "e") {
      this.#at++;
      if ("+-".includes(this.#current())) this.#at++;
      if (!isDigit(this.#current())) return this.#invalid("in exponent of numeric literal");
      this.#digits();
    }
    return undefined;
  }

  #digits(): void {
    while (isDigit(this.#current())) this.#at++;
  }

  #word(word: string): string | undefined {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#current() !== word[i]) {
        return this.#invalid(`in literal ${word} (expecting '${word[i]}')`);
      }
    }
    this.#at++;
    return undefined;
  }

  /** The character that is looked at; a space at the end, as Go has it. */
  #current(): string {
    return this.#text[this.#at] ?? " ";
  }

  #invalid(where: string): string {
    return `invalid character ${quotedByte(firstByte(this.#current()))} ${where}`;
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

/** The first byte of what begins with this character, or half of one. */
function firstByte(character: string): number {
  const unit = character.charCodeAt(0);
  if (unit < 0x80) return unit;
  if (unit < 0x800) return 0xc0 | unit >> 6;
  if (unit >= 0xdc80 && unit <= 0xdcff) return unit & 0xff;
  if (unit < 0xd800 || unit > 0xdfff) return 0xe0 | unit >> 12;
  return 0xf0 | (((unit & 0x3ff) + 0x40) >> 8);
}
