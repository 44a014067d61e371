/** The longest text that an error quotes, in UTF-16 units. */
const MAX_SHOWN = 100;

/** A text in quotes for an error's message, on one line and cut where it is long. */
export function showText(text: string): string {
  return text.length <= MAX_SHOWN
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, MAX_SHOWN))}... (${text.length} characters)`;
}

/** A value for an error's message: strings and numbers as they are, anything larger by its kind alone. */
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
  return `${/^[AEIOU]/i.test(tag) ? "an" : "a"} ${tag}`;
}
