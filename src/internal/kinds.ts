/*
 * Checks the kind of a value from any realm. Jest runs tests in a separate realm: there, an error
 * of Node's own modules is not `instanceof Error`, and a date of a module outside is not
 * `instanceof Date`.
 */

const tagOf = Object.prototype.toString;

/** Returns true if the value is an error. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || /(Error|Exception)]$/.test(tagOf.call(value));
}

/** Returns true if the value is a Date, even an invalid one. */
export function isDate(value: unknown): value is Date {
  return tagOf.call(value) === "[object Date]";
}

/** Returns true if the value is a URL. */
export function isUrl(value: unknown): value is URL {
  return tagOf.call(value) === "[object URL]";
}

/** Returns true if the value is a Uint8Array. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || tagOf.call(value) === "[object Uint8Array]";
}
