/** Characters that control a terminal, end a line, or change the direction of text. */
const UNSAFE =
  // deno-lint-ignore no-control-regex -- Control characters are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns a text as one line without control characters. The text may come from anywhere. */
export function printable(text: string): string {
  return text.replace(UNSAFE, " ");
}

/** Returns a value as JSON with all control characters escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Longest text that an error quotes, in UTF-16 units. */
const MAX_SHOWN = 100;

/** Quotes a text for an error message, on one line and shortened if it is long. */
export function showText(text: string): string {
  return text.length <= MAX_SHOWN
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, MAX_SHOWN))}... (${text.length} characters)`;
}

/**
 * Formats a value for an error message: strings and numbers as they are, other values by their kind
 * only.
 */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return showText(value);
    case "bigint":
      return `${showDigits(String(value))}n`;
    case "number":
    case "boolean":
    case "undefined":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : kindOf(value);
    default:
      return `a ${typeof value}`;
  }
}

function showDigits(digits: string): string {
  return digits.length <= MAX_SHOWN ? digits : `${digits.slice(0, MAX_SHOWN)}...`;
}

/**
 * Returns the kind of an object with an article: `an array`, `a Map`, `an object`. Never throws.
 */
export function kindOf(value: object): string {
  let tag = "Object";
  try {
    if (Array.isArray(value)) return "an array";
    tag = Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    // A revoked proxy, of which only "an object" is known.
  }
  if (tag === "Object") return "an object";
  return `${/^[AEIO]/i.test(tag) ? "an" : "a"} ${tag}`;
}
