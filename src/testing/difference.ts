/** The longest JSON that a message shows, in UTF-16 units. */
const MAX_SHOWN = 300;

/** A value of JSON for a message. */
export function showJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}

/**
 * Where two values of JSON differ first, in words; `undefined` where they do not. With `isPartial`,
 * objects may have more than is wanted of them.
 */
export function difference(
  actual: unknown,
  wanted: unknown,
  path: string,
  isPartial = false,
): string | undefined {
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    if (actual.length !== wanted.length) {
      return `${path} has ${actual.length} elements, not ${wanted.length}`;
    }
    return first(actual.map((item, i) => difference(item, wanted[i], `${path}[${i}]`, isPartial)));
  }
  if (isObject(actual) && isObject(wanted)) {
    const keys = Object.keys(isPartial ? wanted : { ...actual, ...wanted });
    return first(keys.map((key) => {
      const place = `${path}.${key}`;
      if (!Object.hasOwn(actual, key)) return `${place} is missing`;
      if (!Object.hasOwn(wanted, key)) return `${place} is not wanted`;
      return difference(actual[key], wanted[key], place, isPartial);
    }));
  }
  return Object.is(actual, wanted)
    ? undefined
    : `${path} is ${showJson(actual)}, not ${showJson(wanted)}`;
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((one) => one !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
