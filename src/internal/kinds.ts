/*
 * What a value is, whichever realm it comes from. Jest runs tests in a realm of its own: there, an error of Node's own modules
 * is not `instanceof Error`, nor is a date that a module outside has made `instanceof Date`.
 */

const tagOf = Object.prototype.toString;

/** Whether it is an error. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || /(Error|Exception)]$/.test(tagOf.call(value));
}

/** Whether it is a Date, be it an invalid one. */
export function isDate(value: unknown): value is Date {
  return tagOf.call(value) === "[object Date]";
}

/** Whether it is a URL. */
export function isUrl(value: unknown): value is URL {
  return tagOf.call(value) === "[object URL]";
}

/** Whether it is an array of bytes. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || tagOf.call(value) === "[object Uint8Array]";
}
