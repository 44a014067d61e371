import { bytesOf } from "./go/text.ts";
import { literal, Segment } from "./glob_segment.ts";
import type { Work } from "./slices.ts";

/**
 * A glob in Redis' syntax, matched byte by byte: `*`, `?`, `[a-z]`, `[^a]`, and `\` to escape a
 * character.
 */
export class Glob {
  /** For globs of the form `*text*`: the text to search for. */
  readonly part: string | undefined;
  readonly #segments: readonly Segment[];
  readonly #hasStar: boolean;
  readonly #minBytes: number;

  constructor(glob: string) {
    this.part = /^\*([^*?[\\]*)\*$/.exec(glob)?.[1];
    const segments = segmentsOf(bytesOf(glob));
    this.#hasStar = segments.length > 1;
    this.#segments = segments.map((elements) => new Segment(elements));
    this.#minBytes = this.#segments.reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Matches a text, given as bytes. Each step takes a bounded time, and the total grows linearly
   * with the text.
   */
  *matches(text: Uint8Array): Work<boolean> {
    if (text.length < this.#minBytes) return false;
    const first = this.#segments[0]!;
    if (!(yield* first.isAt(text, 0))) return false;
    if (!this.#hasStar) return text.length === first.length;
    const last = this.#segments.at(-1)!;
    const end = text.length - last.length;
    if (!(yield* last.isAt(text, end))) return false;
    // The first match is enough for each segment, as it leaves the most text for the others.
    let at = first.length;
    for (const segment of this.#segments.slice(1, -1)) {
      at = yield* segment.find(text, at, end);
      if (at < 0) return false;
      at += segment.length;
    }
    return at <= end;
  }
}

/** For each byte value, 1 if it may stand at this position. */
type Element = Uint8Array;

const ANY: Element = new Uint8Array(256).fill(1);

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** Splits a glob at its stars. */
function segmentsOf(glob: Uint8Array): Element[][] {
  const segments: Element[][] = [[]];
  for (let i = 0; i < glob.length; i++) {
    const byte = glob[i]!;
    if (byte === STAR) {
      segments.push([]);
      continue;
    }
    const segment = segments.at(-1)!;
    if (byte === QUESTION) {
      segment.push(ANY);
    } else if (byte === OPEN) {
      const [element, end] = setOf(glob, i + 1);
      segment.push(element);
      i = end;
    } else {
      if (byte === BACKSLASH && i + 1 < glob.length) i++;
      segment.push(literal(glob[i]!));
    }
  }
  // Consecutive stars are equal to one.
  return segments.filter((segment, i) =>
    segment.length > 0 || i === 0 || i === segments.length - 1
  );
}

/**
 * Parses a set, which begins at `start`, after its `[`. Returns the position of its `]`. A set that
 * is not closed ends with the glob.
 */
function setOf(glob: Uint8Array, start: number): [element: Element, end: number] {
  const isNegated = glob[start] === CARET;
  const element = new Uint8Array(256);
  let i = isNegated ? start + 1 : start;
  for (; i < glob.length && glob[i] !== CLOSE; i++) {
    if (glob[i] === BACKSLASH && i + 1 < glob.length) {
      i++;
      element[glob[i]!] = 1;
    } else if (glob[i + 1] === DASH && i + 2 < glob.length) {
      const ends = [toSigned(glob[i]!), toSigned(glob[i + 2]!)] as const;
      for (let byte = Math.min(...ends); byte <= Math.max(...ends); byte++) {
        element[byte & 0xff] = 1;
      }
      i += 2;
    } else {
      element[glob[i]!] = 1;
    }
  }
  return [isNegated ? element.map((is) => 1 - is) : element, i];
}

/** Converts to a signed byte, as in C. */
function toSigned(byte: number): number {
  return byte < 0x80 ? byte : byte - 0x100;
}
