/**
 * Encodes JSON like Go's `encoding/json`: keys are sorted, `<`, `>` and `&` escaped, and strings
 * made well-formed.
 */

import { GoError } from "./error.ts";
import { compareTexts } from "./text.ts";

/** Characters for which surrounding quotes are not enough. */
// deno-lint-ignore no-control-regex
const SPECIAL = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;

/** Encodes a string like Go. */
export function marshalText(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  if (text.isWellFormed()) return escapeText(text);
  // Go writes bytes that are not UTF-8 as an escape, but U+FFFD itself unescaped.
  const parts = text.split(/\p{Surrogate}/u).map((part) => escapeText(part).slice(1, -1));
  return `"${parts.join("\\ufffd")}"`;
}

function escapeText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An array or object that is partly encoded. */
interface OpenContainer {
  readonly container: object;
  /** The keys of an object, sorted. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  next: number;
}

/**
 * Encodes a value like Go. Values may be nested as deeply as Go allows, which is too deep for
 * recursion.
 */
export function marshal(value: unknown): string {
  if (typeof value !== "object" || value === null) return marshalScalar(value);
  let json = "";
  const open: OpenContainer[] = [];
  let current: OpenContainer | undefined = openContainer(value);
  while (current !== undefined) {
    if (current.next === current.length) {
      if (current.length === 0) json += current.keys === undefined ? "[" : "{";
      json += current.keys === undefined ? "]" : "}";
      current = open.pop();
      continue;
    }
    json += current.next > 0 ? "," : current.keys === undefined ? "[" : "{";
    const item: unknown = itemOf(current);
    if (current.keys !== undefined) json += `${marshalText(current.keys[current.next]!)}:`;
    current.next++;
    if (typeof item === "object" && item !== null) {
      open.push(current);
      current = openContainer(item);
    } else {
      json += marshalScalar(item);
    }
  }
  return json;
}

function openContainer(container: object): OpenContainer {
  if (Array.isArray(container)) {
    return { container, keys: undefined, length: container.length, next: 0 };
  }
  const keys = Object.keys(container);
  if (keys.length > 1) keys.sort(keys.some(mayDifferFromByteOrder) ? compareTexts : undefined);
  return { container, keys, length: keys.length, next: 0 };
}

/**
 * Returns true if JavaScript's own sort order, which is much faster, may differ from the order of
 * bytes.
 */
function mayDifferFromByteOrder(text: string): boolean {
  return /[\ud800-\uffff]/.test(text);
}

function itemOf({ container, keys, next }: OpenContainer): unknown {
  return keys === undefined
    ? (container as unknown[])[next]
    : (container as Record<string, unknown>)[keys[next]!];
}

function marshalScalar(value: unknown): string {
  switch (typeof value) {
    case "string":
      return marshalText(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return "null";
    default:
      throw new GoError(`json: unsupported type: ${typeof value}`);
  }
}
