/**
 * JSON as Go's `encoding/json` reads and writes it, since the reference server takes every job apart and puts it together
 * again: object keys sorted, `<`, `>` and `&` escaped, texts made well-formed.
 */

/** What Go says of JSON that it cannot read. */
export class GoError extends Error {}

/** A value as Go writes it. */
export function marshal(value: unknown): string {
  switch (typeof value) {
    case "string":
      return marshalText(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : marshalContainer(value);
    default:
      throw new GoError(`json: unsupported type: ${typeof value}`);
  }
}

function marshalContainer(value: object): string {
  if (Array.isArray(value)) return `[${value.map(marshal).join(",")}]`;
  const fields = value as Record<string, unknown>;
  const texts = Object.keys(fields).sort()
    .map((key) => `${marshalText(key)}:${marshal(fields[key])}`);
  return `{${texts.join(",")}}`;
}

const GO_ESCAPES = /[<>&\u2028\u2029]/g;

/** A text as Go writes it. */
export function marshalText(text: string): string {
  const json = JSON.stringify(text.isWellFormed() ? text : text.toWellFormed());
  return GO_ESCAPES.test(json)
    ? json.replaceAll(GO_ESCAPES, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : json;
}

/** A text as Go's `%q` shows it, for the texts that occur in errors. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The type of a struct's field. */
export type FieldType =
  | "string"
  | "int"
  | "uint8"
  | "[]string"
  | "[]interface {}"
  | "map[string]interface {}"
  | { readonly name: string; readonly fields: Fields };

/** A struct's fields by their names. */
export type Fields = Readonly<Record<string, FieldType>>;

/** Reads JSON text, as far as the syntax goes. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === "") throw new GoError("unexpected end of JSON input");
    throw new GoError(syntaxFault(text));
  }
}

/** The commonest of Go's syntax errors: a first character that no JSON begins with, or an end that comes too soon. */
function syntaxFault(text: string): string {
  const first = text.trimStart()[0]!;
  return /[[{"\dtfn-]/.test(first)
    ? "unexpected end of JSON input"
    : `invalid character '${first}' looking for beginning of value`;
}

/**
 * Reads JSON into a struct: keys that are not its own are left out, the others match without case, `null` leaves a field
 * as it is.
 *
 * @throws {GoError} on a value of another type.
 */
export function unmarshal(text: string, name: string, fields: Fields): Record<string, unknown> {
  return toStruct(parse(text), name, fields, "");
}

/** As {@linkcode unmarshal}, for a value that is parsed already. */
export function toStruct(
  value: unknown,
  name: string,
  fields: Fields,
  path: string,
): Record<string, unknown> {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new GoError(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${name}`);
  }
  const struct: Record<string, unknown> = {};
  for (const [given, item] of Object.entries(value)) {
    const key = given in fields ? given : given.toLowerCase();
    const type = fields[key];
    if (type === undefined || !Object.hasOwn(fields, key) || item === null) continue;
    struct[key] = toField(item, type, path === "" ? `${name}.${key}` : `${path}.${key}`);
  }
  return struct;
}

function toField(value: unknown, type: FieldType, path: string): unknown {
  if (typeof type === "object") return toStruct(value, type.name, type.fields, path);
  if (fits(value, type)) return value;
  const struct = path.split(".")[0]!.split("/").at(-1)!;
  throw new GoError(
    `json: cannot unmarshal ${kindOf(value)} into Go struct field ${struct}.${
      path.slice(path.indexOf(".") + 1)
    } of type ${type}`,
  );
}

function fits(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "int":
      return Number.isInteger(value);
    case "uint8":
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
    case "[]string":
      return Array.isArray(value) &&
        value.every((item) => typeof item === "string" || item === null);
    case "[]interface {}":
      return Array.isArray(value);
    default:
      return typeof value === "object" && !Array.isArray(value);
  }
}

function kindOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return Array.isArray(value) ? "array" : "object";
}
