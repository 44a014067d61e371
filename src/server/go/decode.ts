/**
 * JSON as Go's `encoding/json` reads it into its types: an integer is one by how it is written,
 * keys match without case, a key that is there twice is read twice, `null` is mostly nothing, and
 * of several values of a wrong type the first is told.
 */

import { GoError } from "./error.ts";
import { type Kind, NoJson, Reader, setOwn } from "./reader.ts";
import { syntaxFault } from "./syntax.ts";

/** A type of Go's, by the name that Go gives it in errors. */
export type GoType =
  | "string"
  | "client.Structure"
  | "int"
  | "int64"
  | "uint8"
  | "[]string"
  | "[]interface {}"
  | "map[string]interface {}"
  | "map[string]string"
  | "interface {}"
  | StructType
  | { readonly sliceOf: StructType };

/** A struct's fields by their names, which are in lower case. */
export type Fields = Readonly<Record<string, GoType>>;

/** A struct, with its name in errors, such as `client.Job`. */
export interface StructType {
  readonly name: string;
  readonly fields: Fields;
}

type Struct = Record<string, unknown>;

/**
 * Reads JSON as a value of a type; what is `null` or not there is `undefined`, but in a slice and
 * in what has no type.
 *
 * @throws {GoError} in Go's words on what is no JSON, and on a value of another type.
 */
export function decode(text: string, type: GoType): unknown {
  return new Decoder(text).whole(type);
}

class Decoder {
  readonly #text: string;
  readonly #reader: Reader;
  /** What Go says of the first value of a wrong type. */
  #fault: GoError | undefined;
  /** The struct that is read, and the fields that led there, for errors. */
  #struct = "";
  readonly #path: string[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#reader = new Reader(text);
  }

  whole(type: GoType): unknown {
    let value;
    try {
      value = this.#value(type, undefined);
      if (!this.#reader.isAtEnd()) throw new NoJson();
    } catch (error) {
      if (!(error instanceof NoJson)) throw error;
      throw new GoError(syntaxFault(this.#text));
    }
    if (this.#fault !== undefined) throw this.#fault;
    return value;
  }

  /** Reads a value; `before` is what its place holds already, where a key is there twice. */
  #value(type: GoType, before: unknown): unknown {
    const kind = this.#reader.kind();
    if (typeof type === "object") {
      return "sliceOf" in type
        ? this.#slice(kind, `[]${type.sliceOf.name}`, () => this.#value(type.sliceOf, {}) ?? {})
        : this.#fields(kind, type, before);
    }
    switch (type) {
      case "interface {}":
        return this.#any();
      case "[]interface {}":
        return this.#slice(kind, type, () => this.#any());
      case "[]string": {
        const texts = (before ?? []) as string[];
        return this.#slice(kind, type, (i) => this.#value("string", texts[i]) ?? "");
      }
      case "map[string]interface {}":
        return this.#map(kind, type, () => this.#any(), before);
      case "map[string]string":
        return this.#map(kind, type, () => this.#value("string", undefined) ?? "", before);
      default:
        return this.#scalar(kind, type, before);
    }
  }

  #fields(kind: Kind, { name, fields }: StructType, before: unknown): unknown {
    if (kind !== "object") return this.#other(kind, name, undefined);
    const { blank, byName } = planOf(fields);
    const struct = (before ?? { ...blank }) as Struct;
    if (!this.#reader.open()) return struct;
    const outer = this.#struct;
    do {
      const given = this.#reader.key();
      const field = byName.get(given) ?? byName.get(folded(given));
      if (field === undefined) {
        this.#reader.skip();
        continue;
      }
      this.#struct = name;
      this.#path.push(field.name);
      struct[field.name] = this.#value(field.type, struct[field.name]);
      this.#path.pop();
      this.#struct = outer;
    } while (this.#reader.more(false));
    return struct;
  }

  #slice(kind: Kind, name: string, read: (index: number) => unknown): unknown[] | undefined {
    if (kind !== "array") return this.#other(kind, name, undefined);
    const items: unknown[] = [];
    if (!this.#reader.open()) return items;
    do {
      items.push(read(items.length));
    } while (this.#reader.more(true));
    return items;
  }

  #map(kind: Kind, name: string, read: () => unknown, before: unknown): Struct | undefined {
    if (kind !== "object") return this.#other(kind, name, undefined);
    const fields = (before ?? {}) as Struct;
    if (!this.#reader.open()) return fields;
    do {
      const key = this.#reader.key();
      setOwn(fields, key, read());
    } while (this.#reader.more(false));
    return fields;
  }

  #scalar(kind: Kind, type: string, before: unknown): unknown {
    const isText = type === "string" || type === "client.Structure";
    if (isText && kind === "string") return this.#reader.string();
    if (isText || kind !== "number") return this.#other(kind, type, before);
    const literal = this.#reader.literal();
    return integerOf(literal, type) ?? this.#mismatch(`number ${literal}`, type);
  }

  #any(): unknown {
    return this.#reader.any((literal) => this.#mismatch(`number ${literal}`, "float64"));
  }

  /** Reads a value that is not of the type wanted: `null`, which leaves `otherwise`, or a fault. */
  #other<T>(kind: Kind, type: string, otherwise: T): T | undefined {
    this.#reader.skip();
    return kind === "null" ? otherwise : this.#mismatch(kind, type);
  }

  #mismatch(value: string, type: string): undefined {
    const place = this.#path.length === 0
      ? "Go value"
      : `Go struct field ${this.#struct.split(".").at(-1)}.${this.#path.join(".")}`;
    this.#fault ??= new GoError(`json: cannot unmarshal ${value} into ${place} of type ${type}`);
  }
}

/**
 * What reading a struct begins with: made once, so that all structs of a type are of one shape, and
 * quick to be read.
 */
interface Plan {
  readonly blank: Readonly<Struct>;
  readonly byName: ReadonlyMap<string, { readonly name: string; readonly type: GoType }>;
}

const plans = new WeakMap<Fields, Plan>();

/** Most structs are of the type of the one before. */
let last: { readonly fields: Fields; readonly plan: Plan } | undefined;

function planOf(fields: Fields): Plan {
  if (last?.fields === fields) return last.plan;
  let plan = plans.get(fields);
  if (plan === undefined) {
    const all = Object.entries(fields).map(([name, type]) => ({ name, type }));
    plan = {
      blank: Object.fromEntries(all.map(({ name }) => [name, undefined])),
      byName: new Map(all.map((field) => [field.name, field])),
    };
    plans.set(fields, plan);
  }
  last = { fields, plan };
  return plan;
}

/**
 * Reads JSON into a struct with this name and these fields. Other keys are left out.
 *
 * @throws {GoError} in Go's words on text that is not JSON, and on a value of another type.
 */
export function unmarshal(text: string, name: string, fields: Fields): Record<string, unknown> {
  return (decode(text, { name, fields }) ?? {}) as Record<string, unknown>;
}

/**
 * Reads JSON of any kind.
 *
 * @throws {GoError} as {@linkcode unmarshal}.
 */
export function parse(text: string): unknown {
  return decode(text, "interface {}");
}

/** A key in lower case as Go folds it: two letters past ASCII are letters of ASCII to it. */
export function folded(key: string): string {
  return key.toLowerCase().replaceAll("\u017f", "s");
}

/** An integer of 64 bits: a bigint where a number cannot hold it. */
export type Integer = number | bigint;

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** The digits of a 64-bit integer, and its sign. */
const MAX_INTEGER_LENGTH = 20;

function integerOf(literal: string, type: string): Integer | undefined {
  if (literal.length > MAX_INTEGER_LENGTH || !/^-?\d+$/.test(literal)) return undefined;
  // Not `-0`.
  const value = Number(literal) + 0;
  if (type === "uint8") return literal[0] !== "-" && value <= 255 ? value : undefined;
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(literal);
  return exact >= INT64.min && exact <= INT64.max ? exact : undefined;
}
