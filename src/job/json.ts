import { isDate } from "../internal/kinds.ts";
import { kindOf } from "../internal/show.ts";

/** Deepest nesting of arrays and objects; the server's limit is 10,000. */
const MAX_DEPTH = 1000;

/** Depth from which values are checked for cycles. A circular value reaches it soon. */
const TRUSTED_DEPTH = 32;

/** Longest text that is scanned here; for longer ones the native functions are faster. */
const SHORT_TEXT = 40;

/**
 * A value that JSON cannot represent, and its path. It is thrown but is not an `Error`: the path
 * is collected while the stack unwinds, so valid values cost no path.
 */
export class JsonFault {
  /** Description of the fault, to follow the path and "is". */
  readonly reason: string;
  /** The error that a getter, a proxy or a `toJSON` threw. */
  readonly cause: unknown;
  /** The steps from the invalid value out to the root: each a container and the key in it. */
  readonly #steps: { container: object; key: string | number }[] = [];
  readonly #circular: boolean;

  constructor(reason: string, options: { cause?: unknown; circular?: boolean } = {}) {
    this.reason = reason;
    this.cause = options.cause;
    this.#circular = options.circular ?? false;
  }

  /** Adds a step: the fault is in `container`, at `key`. */
  within(container: object, key: string | number): this {
    this.#steps.push({ container, key });
    return this;
  }

  /** Returns the path to the value, such as `args[0].tags[2]`. `root` is the name of the root. */
  path(root: string): string {
    const seen = new Set<object>();
    let path = root;
    for (const { container, key } of this.#steps.toReversed()) {
      // A cycle was walked several times before it was found. The path shows it only once.
      if (this.#circular && seen.has(container)) break;
      seen.add(container);
      path += pathStep(key);
    }
    return path;
  }
}

/** Returns a step of a path, such as `[0]` or `.when`. */
export function pathStep(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * Returns the JSON of an array, on one line.
 *
 * Checking and encoding in one pass guarantees that the checked value is the one sent, as each
 * property is read once. For the small values that most jobs carry it is also faster than a check
 * followed by `JSON.stringify`.
 *
 * @throws {JsonFault} if JSON would drop or change a value, or cannot represent it.
 */
export function arrayText(array: readonly unknown[]): string {
  return arrayAt(array, 1, undefined);
}

/**
 * Returns the JSON of an object's own properties, on one line.
 *
 * @throws {JsonFault} if JSON would drop or change a value, or cannot represent it.
 */
export function objectText(object: object): string {
  return objectAt(object as Record<string, unknown>, 1, undefined);
}

/**
 * Returns a text as JSON.
 *
 * @throws {JsonFault} on half of a surrogate pair, which the server would replace.
 */
export function quote(text: string): string {
  if (isPlain(text)) return '"' + text + '"';
  if (!text.isWellFormed()) throw new JsonFault("ill-formed text (half of a surrogate pair)");
  return JSON.stringify(text);
}

/** Returns true if the text is short and needs no escaping. Most texts are like this. */
export function isPlain(text: string): boolean {
  const { length } = text;
  if (length > SHORT_TEXT) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code >= 0xd800) return false;
  }
  return true;
}

/** The ancestors of a value, kept only in deep values to find cycles. */
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
      // As `JSON.stringify` does: programs define `BigInt.prototype.toJSON` to choose a
      // representation.
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
    // As in `JSON.stringify`, a `toJSON` method of the result is not called.
    return typeof plain === "object" && plain !== null
      ? plainAt(plain, depth, above)
      : valueAt(plain, key, depth, above);
  }
  return plainAt(value, depth, above);
}

/** `JSON.isRawJSON`, if the runtime has it. */
const { isRawJSON } = JSON as { isRawJSON?(value: unknown): boolean };

function plainAt(value: object, depth: number, above: Ancestors): string {
  if (isRawJSON !== undefined && Object.getPrototypeOf(value) === null && isRawJSON(value)) {
    // Parsed and checked again, because the server might change a number in it.
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

/** Refuses objects whose contents are not properties, such as a Map. */
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
 * Turns an error of a getter, a proxy or a `toJSON`, or a stack or string overflow, into a fault.
 */
function faultOf(error: unknown): JsonFault {
  return error instanceof JsonFault ? error : new JsonFault("unreadable", { cause: error });
}
