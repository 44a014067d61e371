/** Maximum length of the JSON in a message, in UTF-16 units. */
const MAX_SHOWN = 300;

/** Formats a JSON value for a message. */
export function showJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}

/**
 * Describes the first difference between two JSON values. Returns `undefined` if they are equal.
 * With `isPartial`, objects may have additional properties.
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
    return firstOf(
      actual.map((item, i) => difference(item, wanted[i], `${path}[${i}]`, isPartial)),
    );
  }
  if (isObject(actual) && isObject(wanted)) {
    const keys = Object.keys(isPartial ? wanted : { ...actual, ...wanted });
    return firstOf(keys.map((key) => {
      const keyPath = `${path}.${key}`;
      if (!Object.hasOwn(actual, key)) return `${keyPath} is missing`;
      if (!Object.hasOwn(wanted, key)) return `${keyPath} is not wanted`;
      return difference(actual[key], wanted[key], keyPath, isPartial);
    }));
  }
  return Object.is(actual, wanted)
    ? undefined
    : `${path} is ${showJson(actual)}, not ${showJson(wanted)}`;
}

function firstOf(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((one) => one !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
