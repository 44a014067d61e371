import { bytesOf } from "./go/text.ts";

/**
 * Whether a text matches a glob as Redis understands it, byte by byte: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is
 * meant itself.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  // What most of them are, without a look at each byte.
  const part = /^\*([^*?[\\]*)\*$/.exec(glob)?.[1];
  if (part !== undefined) return (text) => text.includes(part);
  const pattern = elementsOf(binary(glob));
  return (text) => matches(pattern, binary(text));
}

/** What stands for one byte. */
type Element = (byte: number) => boolean;

/** Stands for any bytes, or none. */
const STAR: Element = () => true;

/** Goes back to the last star only, since where that cannot be made to match, no star before it can. */
function matches(pattern: readonly Element[], text: string): boolean {
  let [at, next] = [0, 0];
  let [star, starAt] = [-1, 0];
  while (at < text.length) {
    const element = pattern[next];
    if (element === STAR) {
      star = next++;
      starAt = at;
    } else if (element !== undefined && element(text.charCodeAt(at))) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[next] === STAR) next++;
  return next === pattern.length;
}

function elementsOf(glob: string): Element[] {
  const elements: Element[] = [];
  for (let i = 0; i < glob.length; i++) {
    if (glob[i] === "*") {
      if (elements.at(-1) !== STAR) elements.push(STAR);
    } else if (glob[i] === "?") {
      elements.push(() => true);
    } else if (glob[i] === "[") {
      const [element, end] = setOf(glob, i + 1);
      elements.push(element);
      i = end;
    } else {
      if (glob[i] === "\\" && i + 1 < glob.length) i++;
      const wanted = glob.charCodeAt(i);
      elements.push((byte) => byte === wanted);
    }
  }
  return elements;
}

/** A set from behind its `[`, and where its `]` is; one that is not closed ends with the pattern. */
function setOf(glob: string, start: number): [element: Element, end: number] {
  const isNegated = glob[start] === "^";
  const ranges: (readonly [number, number])[] = [];
  let i = isNegated ? start + 1 : start;
  for (; i < glob.length && glob[i] !== "]"; i++) {
    if (glob[i] === "\\" && i + 1 < glob.length) {
      i++;
      ranges.push([signed(glob.charCodeAt(i)), signed(glob.charCodeAt(i))]);
    } else if (glob[i + 1] === "-" && i + 2 < glob.length) {
      const ends = [signed(glob.charCodeAt(i)), signed(glob.charCodeAt(i + 2))] as const;
      ranges.push([Math.min(...ends), Math.max(...ends)]);
      i += 2;
    } else {
      ranges.push([signed(glob.charCodeAt(i)), signed(glob.charCodeAt(i))]);
    }
  }
  const has = (byte: number) =>
    ranges.some(([low, high]) => signed(byte) >= low && signed(byte) <= high);
  return [isNegated ? (byte) => !has(byte) : has, i];
}

/** A byte as C has it. */
function signed(byte: number): number {
  return byte < 0x80 ? byte : byte - 0x100;
}

/** A text with a character for each of its bytes. */
function binary(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  let out = "";
  for (const byte of bytesOf(text)) out += String.fromCharCode(byte);
  return out;
}
