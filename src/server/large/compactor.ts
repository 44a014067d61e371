import { marshal, marshalText } from "../go/encode.ts";
import { GoError } from "../go/error.ts";
import { Reader } from "../go/reader.ts";
import { textOf } from "../go/text.ts";
import type { Work } from "../slices.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  isSpace,
  OPEN_BRACKET,
  QUOTE,
  Skipper,
  skipSpace,
} from "./bytes.ts";
import { Members } from "./members.ts";
import { ByteBudget, type Piece } from "./rope.ts";

const encoder = new TextEncoder();

const BYTES = {
  comma: encoder.encode(","),
  colon: encoder.encode(":"),
  quote: encoder.encode('"'),
} as const;

/** A container that is larger than a piece, so it is processed member by member. */
interface LargeContainer {
  readonly isArray: boolean;
  /** The output so far. */
  readonly pieces: Piece[];
  /** For an array: the range of consecutive elements that are not yet written, or -1. */
  runStart: number;
  runEnd: number;
  /** For an object: its members. */
  readonly members: Members | undefined;
  /** Values that are larger than a piece, by member index. */
  readonly large: Map<number, Piece>;
  /** Position of the current key. */
  keyStart: number;
  keyEnd: number;
}

/**
 * Rewrites JSON as Go writes it, piece by piece. Each piece uses the writer of small jobs, and only
 * one piece is in memory as values. The members of larger objects are sorted by key through an
 * index of their positions.
 */
export class Compactor {
  readonly #bytes: Uint8Array;
  readonly #piece: number;
  readonly #skipper: Skipper;
  #budget = new ByteBudget();
  /** Start positions of containers that were still open at the end of the last piece. */
  #path = new Uint32Array(0);
  #pathNext = 0;
  readonly #memberBuffer: MemberBuffer;
  /** The end of the value that was read last. */
  end = 0;
  /** The first number that exceeds the range of a float. */
  tooLarge: string | undefined;

  constructor(bytes: Uint8Array, piece: number) {
    this.#bytes = bytes;
    this.#piece = piece;
    this.#skipper = new Skipper(bytes, piece);
    this.#memberBuffer = new MemberBuffer(bytes, piece);
  }

  /** Rewrites the array or the object that begins at `start`. */
  *container(start: number): Work<Piece> {
    this.#pathNext = this.#path.length;
    this.tooLarge = undefined;
    this.#budget = new ByteBudget();
    const outer: LargeContainer[] = [];
    let frame = this.#open(start);
    let at = start + 1;
    let lastYield = at;
    for (;;) {
      if (at - lastYield >= this.#piece) {
        lastYield = at;
        yield;
      }
      const byte = this.#bytes[at]!;
      if (isSpace(byte)) {
        at = yield* this.#space(frame, at);
      } else if (byte === COMMA) {
        at++;
      } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
        const piece = yield* this.#close(frame);
        at++;
        const parent = outer.pop();
        if (parent === undefined) {
          this.end = at;
          return piece;
        }
        frame = parent;
        this.#addLarge(frame, piece, at);
      } else {
        if (!frame.isArray) at = yield* this.#key(frame, at);
        const end = this.#endOfSmall(at);
        if (end >= 0) {
          this.#addSmall(frame, at, end);
          at = end;
        } else if (this.#bytes[at] === QUOTE) {
          this.#flush(frame);
          const piece = yield* this.#text(at);
          at = lastYield = this.end;
          this.#addLarge(frame, piece, at);
        } else {
          this.#flush(frame);
          outer.push(frame);
          frame = this.#open(at);
          at++;
        }
      }
    }
  }

  #open(start: number): LargeContainer {
    const isArray = this.#bytes[start] === OPEN_BRACKET;
    return {
      isArray,
      pieces: [],
      runStart: -1,
      runEnd: -1,
      members: isArray ? undefined : new Members(this.#bytes),
      large: new Map(),
      keyStart: 0,
      keyEnd: 0,
    };
  }

  /**
   * Long runs of spaces do not become part of a run of elements: there may be more spaces than
   * elements.
   */
  *#space(frame: LargeContainer, from: number): Work<number> {
    const at = yield* skipSpace(this.#bytes, from);
    if (at - from > 1024) this.#flush(frame);
    return at;
  }

  /** Reads a key. Returns the position of its value. */
  *#key(frame: LargeContainer, start: number): Work<number> {
    const end = this.#skipper.skip(start);
    if (end < 0) throw new GoError(`a key in args is larger than ${this.#piece} bytes`);
    frame.keyStart = start;
    frame.keyEnd = end;
    const colon = isSpace(this.#bytes[end]!) ? yield* skipSpace(this.#bytes, end) : end;
    const next = colon + 1;
    return isSpace(this.#bytes[next]!) ? yield* skipSpace(this.#bytes, next) : next;
  }

  /**
   * Returns the end of a value that is no larger than a piece, or -1 for a larger string or
   * container. Nested containers that were open at the end of the piece are remembered as large, so
   * that the piece is not scanned again for each of them.
   */
  #endOfSmall(start: number): number {
    if (this.#path[this.#pathNext] === start) {
      this.#pathNext++;
      return -1;
    }
    const end = this.#skipper.skip(start);
    if (end >= 0) return end;
    if (this.#skipper.depth > 0) {
      this.#path = this.#skipper.open.slice(1, this.#skipper.depth);
      this.#pathNext = 0;
    } else if (this.#bytes[start] !== QUOTE) {
      throw new GoError(`a number in args is larger than ${this.#piece} bytes`);
    }
    return -1;
  }

  #addSmall(frame: LargeContainer, start: number, end: number): void {
    if (frame.members !== undefined) return this.#addMember(frame, start, end);
    if (frame.runStart < 0) frame.runStart = start;
    frame.runEnd = end;
    if (end - frame.runStart >= this.#piece) this.#flush(frame);
  }

  #addLarge(frame: LargeContainer, piece: Piece, end: number): void {
    if (frame.members === undefined) return this.#append(frame.pieces, piece);
    frame.large.set(frame.members.count, piece);
    this.#addMember(frame, end, end);
  }

  #addMember({ members, keyStart, keyEnd }: LargeContainer, start: number, end: number): void {
    members!.add({ keyStart, keyEnd, start, end });
  }

  /** Writes the run of consecutive elements. */
  #flush(frame: LargeContainer): void {
    if (frame.runStart < 0) return;
    const text = textOf(this.#bytes.subarray(frame.runStart, frame.runEnd));
    frame.runStart = -1;
    this.#append(frame.pieces, this.#reencode(`[${text}]`));
  }

  *#close(frame: LargeContainer): Work<Piece> {
    this.#flush(frame);
    if (frame.members !== undefined) yield* this.#writeMembers(frame, frame.members);
    const [open, close] = frame.isArray ? ["[", "]"] : ["{", "}"];
    return [encoder.encode(open), frame.pieces, encoder.encode(close)];
  }

  *#writeMembers({ pieces, large }: LargeContainer, members: Members): Work<void> {
    const buffer = this.#memberBuffer;
    const flush = () => {
      if (!buffer.isEmpty) this.#append(pieces, this.#reencodeMembers(`{${buffer.take()}}`));
    };
    for (const index of yield* members.sorted()) {
      const member = members.at(index);
      const value = large.get(index);
      if (value === undefined) {
        if (!buffer.add(member)) {
          flush();
          yield;
          buffer.add(member);
        }
        continue;
      }
      flush();
      const key = this.#bytes.subarray(member.keyStart, member.keyEnd);
      this.#append(pieces, [this.#encode(this.#plainText(textOf(key))), BYTES.colon, value]);
      yield;
    }
    flush();
  }

  /** Re-encodes a string, with its quotes. */
  #plainText(json: string): string {
    const reader = new Reader(json);
    reader.kind();
    return marshalText(reader.string());
  }

  /** Re-encodes the content between the brackets of a small container. */
  #reencode(json: string): Uint8Array {
    const value = new Reader(json).any((literal) => this.tooLarge ??= literal);
    return this.#encode(marshal(value).slice(1, -1));
  }

  /**
   * Re-encodes the members of an object that are already sorted. Parsing them into an object would
   * take most of the time.
   */
  #reencodeMembers(json: string): Uint8Array {
    const reader = new Reader(json);
    let text = "";
    reader.open();
    do {
      const key = marshalText(reader.key());
      const value = marshal(reader.any((literal) => this.tooLarge ??= literal));
      text += `${text === "" ? "" : ","}${key}:${value}`;
    } while (reader.more(false));
    return this.#encode(text);
  }

  /** Re-encodes a string that is larger than a piece. */
  *#text(start: number): Work<Piece> {
    const bytes = this.#bytes;
    const pieces: Piece[] = [BYTES.quote];
    let at = start + 1;
    while (bytes[at] !== QUOTE) {
      const end = this.#endOfPart(at);
      const json = `"${textOf(bytes.subarray(at, end))}"`;
      pieces.push(this.#encode(this.#plainText(json).slice(1, -1)));
      at = end;
      yield;
    }
    pieces.push(BYTES.quote);
    this.end = at + 1;
    return pieces;
  }

  /**
   * Returns the end of a part of a string, without cutting a character or a pair of escapes in two.
   */
  #endOfPart(start: number): number {
    const bytes = this.#bytes;
    const limit = start + this.#piece;
    let at = start;
    let escape = -1;
    while (at < limit && bytes[at] !== QUOTE) {
      if (bytes[at] !== BACKSLASH) {
        at++;
      } else {
        escape = at;
        at += bytes[at + 1] === 0x75 ? 6 : 2;
      }
    }
    // A character has up to three more bytes.
    for (let i = 0; i < 3 && (bytes[at]! & 0xc0) === 0x80; i++) at++;
    const isHalf = escape === at - 6 && surrogateAt(bytes, escape) === "high";
    return isHalf && surrogateAt(bytes, at) === "low" ? at + 6 : at;
  }

  #encode(text: string): Uint8Array {
    return this.#budget.take(encoder.encode(text));
  }

  #append(pieces: Piece[], piece: Piece): void {
    if (pieces.length > 0) pieces.push(this.#budget.take(BYTES.comma));
    pieces.push(piece);
  }
}

/** Returns which half of a surrogate pair an escape stands for. */
function surrogateAt(bytes: Uint8Array, at: number): "high" | "low" | undefined {
  if (bytes[at] !== BACKSLASH || bytes[at + 1] !== 0x75) return undefined;
  const code = parseInt(String.fromCharCode(...bytes.subarray(at + 2, at + 6)), 16);
  if (code >= 0xd800 && code <= 0xdbff) return "high";
  return code >= 0xdc00 && code <= 0xdfff ? "low" : undefined;
}

/** Consecutive members of an object, up to the size of a piece. */
class MemberBuffer {
  readonly #bytes: Uint8Array;
  readonly #piece: number;
  /** Room for a member: its key and its value are each no larger than a piece. */
  readonly #buffer: Uint8Array;
  #length = 0;

  constructor(bytes: Uint8Array, piece: number) {
    this.#bytes = bytes;
    this.#piece = piece;
    this.#buffer = new Uint8Array(3 * piece);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Adds a member. Returns true if there was room. */
  add({ keyStart, keyEnd, start, end }: ReturnType<Members["at"]>): boolean {
    const size = keyEnd - keyStart + end - start + 2;
    if (this.#length > 0 && this.#length + size > this.#piece) return false;
    if (this.#length > 0) this.#put(BYTES.comma);
    this.#put(this.#bytes.subarray(keyStart, keyEnd));
    this.#put(BYTES.colon);
    this.#put(this.#bytes.subarray(start, end));
    return true;
  }

  take(): string {
    const text = textOf(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  #put(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}
