/**
 * Reads JSON values one after another, like Go for untyped values: strings are made well-formed,
 * and numbers are 64-bit floats.
 */

import { MAX_DEPTH } from "./syntax.ts";

/** Thrown for invalid JSON. A slower reader then finds the exact error. */
export class InvalidJson extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** The kind of a value, known from its first character. */
export type Kind = "object" | "array" | "string" | "number" | "bool" | "null";

/** Kinds by the character's UTF-16 code unit. */
const KINDS: (Kind | undefined)[] = [];
for (
  const [characters, kind] of [
    ["{", "object"],
    ["[", "array"],
    ['"', "string"],
    ["-0123456789", "number"],
    ["tf", "bool"],
    ["n", "null"],
  ] as const
) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

/** An array or object that is partly read. */
interface OpenContainer {
  readonly container: unknown[] | Record<string, unknown>;
  /** In an object, the key of the next value. */
  key: string;
}

/** Reads a JSON text from start to end. */
export class Reader {
  readonly #text: string;
  #at = 0;
  /** Depth of open containers. */
  #depth = 0;
  /** For each depth, whether the container is an array. Used by {@linkcode Reader.skip}. */
  readonly #isArray: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the kind of the next value. */
  kind(): Kind {
    this.#skipSpace();
    const kind = KINDS[this.#text.charCodeAt(this.#at)];
    if (kind === undefined) throw new InvalidJson();
    return kind;
  }

  /** Returns true if only spaces are left. */
  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  /** Reads the opening bracket of a container. Returns true if it has members. */
  open(): boolean {
    const close = this.#text.charCodeAt(this.#at++) + 2;
    if (++this.#depth > MAX_DEPTH) throw new InvalidJson();
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== close) return true;
    this.#at++;
    this.#depth--;
    return false;
  }

  /** Reads the comma or closing bracket after a member. Returns true if another member follows. */
  more(isArray: boolean): boolean {
    this.#skipSpace();
    const unit = this.#text.charCodeAt(this.#at++);
    if (unit === COMMA) return true;
    if (unit !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) throw new InvalidJson();
    this.#depth--;
    return false;
  }

  /** Reads a key and the colon after it. */
  key(): string {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw new InvalidJson();
    const key = this.string();
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at++) !== COLON) throw new InvalidJson();
    return key;
  }

  /** Reads a string. The next character must be its opening quote. */
  string(): string {
    const text = this.#text;
    const start = ++this.#at;
    let [isEscaped, isWide] = [false, false];
    for (;;) {
      const unit = text.charCodeAt(this.#at++);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        isEscaped = true;
        this.#at++;
      } else if (unit >= 0xd800 && unit <= 0xdfff) {
        isWide = true;
      } else if (!(unit >= 0x20)) {
        throw new InvalidJson();
      }
    }
    const body = text.slice(start, this.#at - 1);
    if (!isEscaped) return isWide ? body.toWellFormed() : body;
    return unescape(body);
  }

  /** Reads a number and returns its text. */
  literal(): string {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) throw new InvalidJson();
    const literal = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    return literal;
  }

  /** Reads `true`, `false` or `null`. */
  word(): boolean | null {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw new InvalidJson();
  }

  /** Reads a value of any kind. Calls `tooLarge` with numbers outside the range of a float. */
  any(tooLarge: (literal: string) => void): unknown {
    const open: OpenContainer[] = [];
    for (;;) {
      let value: unknown;
      const kind = this.kind();
      if (kind === "object" || kind === "array") {
        const container = kind === "array" ? [] : {};
        if (this.open()) {
          open.push({ container, key: kind === "array" ? "" : this.key() });
          continue;
        }
        value = container;
      } else {
        value = this.#scalar(kind, tooLarge);
      }
      // Not recursive: Go accepts 10,000 levels.
      for (;;) {
        const parent = open.at(-1);
        if (parent === undefined) return value;
        const isArray = Array.isArray(parent.container);
        if (isArray) (parent.container as unknown[]).push(value);
        else setOwn(parent.container as Record<string, unknown>, parent.key, value);
        if (this.more(isArray)) {
          if (!isArray) parent.key = this.key();
          break;
        }
        value = parent.container;
        open.pop();
      }
    }
  }

  /** Skips a value of any kind. */
  skip(): void {
    const outer = this.#depth;
    for (;;) {
      const kind = this.kind();
      if (kind === "object" || kind === "array") {
        if (this.open()) {
          this.#isArray[this.#depth] = kind === "array" ? 1 : 0;
          if (kind === "object") this.key();
          continue;
        }
      } else if (kind === "string") {
        this.string();
      } else if (kind === "number") {
        this.literal();
      } else {
        this.word();
      }
      for (;;) {
        if (this.#depth === outer) return;
        const isArray = this.#isArray[this.#depth] === 1;
        if (!this.more(isArray)) continue;
        if (!isArray) this.key();
        break;
      }
    }
  }

  #scalar(kind: Kind, tooLarge: (literal: string) => void): unknown {
    if (kind === "string") return this.string();
    if (kind !== "number") return this.word();
    const literal = this.literal();
    const value = Number(literal);
    if (!Number.isFinite(value)) tooLarge(literal);
    return value;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit > 0x20) return;
      if (unit !== 0x20 && unit !== 0x09 && unit !== 0x0d && unit !== 0x0a) return;
      this.#at++;
    }
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const WORDS: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** Longest string that is not passed to `JSON.parse`, whose calls take a microsecond each. */
const MAX_SHORT = 64;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ...[["n", "\n"], ["t", "\t"], ["r", "\r"], ["b", "\b"], ["f", "\f"]] as const,
  ...['"', "\\", "/"].map((character) => [character, character] as const),
]);

const HEX = /^[0-9a-fA-F]{4}$/;

/**
 * Decodes the escapes of a string. An unescaped and an escaped half of a surrogate pair do not form
 * a pair, so the unescaped text is made well-formed first.
 */
function unescape(body: string): string {
  if (body.length <= MAX_SHORT) return unescapeShort(body);
  try {
    return (JSON.parse(`"${body.toWellFormed()}"`) as string).toWellFormed();
  } catch {
    throw new InvalidJson();
  }
}

function unescapeShort(body: string): string {
  let text = "";
  let from = 0;
  for (let at = body.indexOf("\\"); at >= 0; at = body.indexOf("\\", from)) {
    text += body.slice(from, at).toWellFormed();
    const letter = body[at + 1]!;
    if (letter === "u") {
      from = at + 6;
      const hex = body.slice(at + 2, from);
      if (!HEX.test(hex)) throw new InvalidJson();
      text += String.fromCharCode(parseInt(hex, 16));
    } else {
      from = at + 2;
      const character = ESCAPES.get(letter);
      if (character === undefined) throw new InvalidJson();
      text += character;
    }
  }
  return (text + body.slice(from).toWellFormed()).toWellFormed();
}

/** Sets any key, including `__proto__`. */
export function setOwn(fields: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    fields[key] = value;
  } else {
    const own = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(fields, key, own);
  }
}
