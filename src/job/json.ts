import { isDate } from "../internal/kinds.ts";
import { kindOf } from "../internal/show.ts";

/** Levels of arrays and objects that a value may have; the server stops at 10,000. */
const MAX_DEPTH = 1000;

/** Below this many levels nobody looks for circles: what is circular gets here soon enough. */
const TRUSTED_DEPTH = 32;

/** Texts up to this length are looked through here, longer ones natively. */
const SHORT_TEXT = 40;

/**
 * What in a value JSON cannot hold, and where. Thrown, but no `Error`: it gathers its way to the
 * value while the stack unwinds, so that no path is made for values that are sound.
 */
export class JsonFault {
  /** What is wrong, to follow the path and "is". */
  readonly reason: string;
  /** What a getter, a proxy or a `toJSON` threw. */
  readonly cause: unknown;
  /** The way from the value at fault out to the root, each step a container and a key in it. */
  readonly #steps: { container: object; key: string | number }[] = [];
  readonly #circular: boolean;

  constructor(reason: string, options: { cause?: unknown; circular?: boolean } = {}) {
    this.reason = reason;
    this.cause = options.cause;
    this.#circular = options.circular ?? false;
  }

  /** Adds the step out to `container`, in which `key` led here. */
  within(container: object, key: string | number): this {
    this.#steps.push({ container, key });
    return this;
  }

  /** The path to the value, such as `args[0].tags[2]`, from a root called `root`. */
  path(root: string): string {
    const seen = new Set<object>();
    let path = root;
    for (const { container, key } of this.#steps.toReversed()) {
      // A circle was walked several times before it was noticed: its first turn is the one to name.
      if (this.#circular && seen.has(container)) break;
      seen.add(container);
      path += pathStep(key);
    }
    return path;
  }
}

/** A step of a path, such as `[0]` or `.when`. */
export function pathStep(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * The JSON text of an array, on one line.
 *
 * What is checked is what is sent: each property is read once, where a check before
 * `JSON.stringify` would read it twice, and be slower than this for the small values that most jobs
 * carry.
 *
 * @throws {JsonFault} on anything that JSON would drop, change or cannot hold.
 */
export function arrayText(array: readonly unknown[]): string {
  return arrayAt(array, 1, undefined);
}

/**
 * The JSON text of an object's own properties, on one line.
 *
 * @throws {JsonFault} on anything that JSON would drop, change or cannot hold.
 */
export function objectText(object: object): string {
  return objectAt(object as Record<string, unknown>, 1, undefined);
}

/**
 * A text as JSON.
 *
 * @throws {JsonFault} where it holds half of a surrogate pair, which the server would replace.
 */
export function quote(text: string): string {
  if (isPlain(text)) return '"' + text + '"';
  if (!text.isWellFormed()) throw new JsonFault("ill-formed text (half of a surrogate pair)");
  return JSON.stringify(text);
}

/** Whether a text is known at a glance to be itself in JSON, between quotes: most are. */
export function isPlain(text: string): boolean {
  const { length } = text;
  if (length > SHORT_TEXT) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code >= 0xd800) return false;
  }
  return true;
}

/** The ancestors of a value, kept only where it lies suspiciously deep. */
type Ancestors = Set<object> | undefined;

function valueAt(value: unknown, key: string | number, depth: number, above: Ancestors): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return numberText(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : containerAt(value, key, depth, above);
    case "undefined":
      throw new JsonFault("undefined");
    case "bigint":
      // As JSON.stringify does: `BigInt.prototype.toJSON` is how programs say what they want.
      if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
        return containerAt(value as unknown as object, key, depth, above);
      }
      throw new JsonFault("a bigint");
    default:
      throw new JsonFault(`a ${typeof value}`);
  }
}

function numberText(value: number): string {
  if (Number.isInteger(value)) {
    if (!Number.isSafeInteger(value)) throw new JsonFault("an integer past 2^53");
    return value === 0 && Object.is(value, -0) ? "-0" : "" + value;
  }
  if (!Number.isFinite(value)) throw new JsonFault(String(value));
  return "" + value;
}

function containerAt(
  value: object,
  key: string | number,
  depth: number,
  above: Ancestors,
): string {
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    const plain = (value as { toJSON(key: string): unknown }).toJSON(String(key));
    if (plain === null && isDate(value)) throw new JsonFault("an invalid Date");
    // As in JSON.stringify, what comes out is not asked for a toJSON of its own.
    return typeof plain === "object" && plain !== null
      ? plainAt(plain, depth, above)
      : valueAt(plain, key, depth, above);
  }
  return plainAt(value, depth, above);
}

/** `JSON.isRawJSON`, where there is one. */
const { isRawJSON } = JSON as { isRawJSON?(value: unknown): boolean };

function plainAt(value: object, depth: number, above: Ancestors): string {
  if (isRawJSON !== undefined && Object.getPrototypeOf(value) === null && isRawJSON(value)) {
    // Read again, as a number in it may be one that the server would change.
    return valueAt(JSON.parse((value as { rawJSON: string }).rawJSON), "", depth, above);
  }
  if (depth < TRUSTED_DEPTH) {
    return Array.isArray(value)
      ? arrayAt(value, depth + 1, above)
      : objectAt(checkKind(value), depth + 1, above);
  }
  const ancestors = above ?? new Set<object>();
  if (ancestors.has(value)) throw new JsonFault("circular", { circular: true });
  if (depth >= MAX_DEPTH) throw new JsonFault(`nested deeper than ${MAX_DEPTH} levels`);
  ancestors.add(value);
  const text = Array.isArray(value)
    ? arrayAt(value, depth + 1, ancestors)
    : objectAt(checkKind(value), depth + 1, ancestors);
  ancestors.delete(value);
  return text;
}

/** Refuses the objects whose contents are not their properties, such as a Map's. */
function checkKind(value: object): Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  if (
    prototype !== Object.prototype && prototype !== null &&
    Object.prototype.toString.call(value) !== "[object Object]"
  ) throw new JsonFault(kindOf(value));
  return value as Record<string, unknown>;
}

function arrayAt(array: readonly unknown[], depth: number, above: Ancestors): string {
  let i = 0;
  try {
    const { length } = array;
    let text = "[";
    for (; i < length; i++) {
      if (i > 0) text += ",";
      text += valueAt(array[i], i, depth, above);
    }
    return text + "]";
  } catch (error) {
    throw faultOf(error).within(array, i);
  }
}

function objectAt(object: Record<string, unknown>, depth: number, above: Ancestors): string {
  let key = "";
  try {
    let text = "";
    for (key in object) {
      if (!Object.hasOwn(object, key)) continue;
      text += (text === "" ? "{" : ",") + quote(key) + ":" +
        valueAt(object[key], key, depth, above);
    }
    return text === "" ? "{}" : text + "}";
  } catch (error) {
    throw faultOf(error).within(object, key);
  }
}

/**
 * An error as a fault: what a getter, a proxy or a `toJSON` threw, or a stack or text that grew too
 * large.
 */
function faultOf(error: unknown): JsonFault {
  return error instanceof JsonFault ? error : new JsonFault("unreadable", { cause: error });
}
