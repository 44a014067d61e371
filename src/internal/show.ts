/**
 * Characters that drive a terminal, end a line, or change the direction of the text behind them.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex -- Control characters are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text on one line, without what would drive a terminal: it may come from anybody. */
export function plain(text: string): string {
  return text.replace(UNSAFE, " ");
}

/** A value as JSON in which everything that would drive a terminal is escaped. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The longest text that an error quotes, in UTF-16 units. */
const MAX_SHOWN = 100;

/** A text in quotes for an error's message, on one line and cut where it is long. */
export function showText(text: string): string {
  return text.length <= MAX_SHOWN
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, MAX_SHOWN))}... (${text.length} characters)`;
}

/**
 * A value for an error's message: strings and numbers as they are, anything larger by its kind
 * alone.
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

/** The kind of an object with its article: `an array`, `a Map`, `an object`. Never throws. */
export function kindOf(value: object): string {
  let tag = "Object";
  try {
    if (Array.isArray(value)) return "an array";
    tag = Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    // A revoked proxy: an object is all that can be said of it.
  }
  if (tag === "Object") return "an object";
  return `${/^[AEIO]/i.test(tag) ? "an" : "a"} ${tag}`;
}
