/**
 * Decodes JSON like Go's `encoding/json`: `1.0` is no integer, keys ignore case, duplicate keys are
 * all decoded in turn, `null` mostly counts as absent, and if several values have a wrong type, the
 * error is about the first.
 */

import { GoError } from "./error.ts";
import { InvalidJson, type Kind, Reader, setOwn } from "./reader.ts";
import { syntaxFault } from "./syntax.ts";

/** A Go type, by its name in errors. */
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

/** Fields of a struct, by lower-case name. */
export type Fields = Readonly<Record<string, GoType>>;

/** A struct type, with its name in errors, such as `client.Job`. */
export interface StructType {
  readonly name: string;
  readonly fields: Fields;
}

type Struct = Record<string, unknown>;

/**
 * Decodes JSON as a value of this type. Absent fields and `null` become `undefined`, except in
 * slices and in untyped values.
 *
 * @throws {GoError} with Go's text for invalid JSON, and for a value of another type.
 */
export function decode(text: string, type: GoType): unknown {
  return new Decoder(text).decode(type);
}

class Decoder {
  readonly #text: string;
  readonly #reader: Reader;
  /** The error about the first value of a wrong type. */
  #fault: GoError | undefined;
  /** The current struct and the path of fields to the current value, for errors. */
  #struct = "";
  readonly #path: string[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#reader = new Reader(text);
  }

  decode(type: GoType): unknown {
    let value;
    try {
      value = this.#value(type, undefined);
      if (!this.#reader.isAtEnd()) throw new InvalidJson();
    } catch (error) {
      if (!(error instanceof InvalidJson)) throw error;
      throw new GoError(syntaxFault(this.#text));
    }
    if (this.#fault !== undefined) throw this.#fault;
    return value;
  }

  /** Reads a value. `before` is the value of an earlier duplicate key. */
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
    if (kind !== "object") return this.#nullOrMismatch(kind, name, undefined);
    const { blank, byName } = planOf(fields);
    const struct = (before ?? { ...blank }) as Struct;
    if (!this.#reader.open()) return struct;
    const outer = this.#struct;
    do {
      const key = this.#reader.key();
      const field = byName.get(key) ?? byName.get(foldCase(key));
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
    if (kind !== "array") return this.#nullOrMismatch(kind, name, undefined);
    const items: unknown[] = [];
    if (!this.#reader.open()) return items;
    do {
      items.push(read(items.length));
    } while (this.#reader.more(true));
    return items;
  }

  #map(kind: Kind, name: string, read: () => unknown, before: unknown): Struct | undefined {
    if (kind !== "object") return this.#nullOrMismatch(kind, name, undefined);
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
    if (isText || kind !== "number") return this.#nullOrMismatch(kind, type, before);
    const literal = this.#reader.literal();
    return integerOf(literal, type) ?? this.#mismatch(`number ${literal}`, type);
  }

  #any(): unknown {
    return this.#reader.any((literal) => this.#mismatch(`number ${literal}`, "float64"));
  }

  /** Reads a value of another type: `null` returns `otherwise`, anything else is an error. */
  #nullOrMismatch<T>(kind: Kind, type: string, otherwise: T): T | undefined {
    this.#reader.skip();
    return kind === "null" ? otherwise : this.#mismatch(kind, type);
  }

  #mismatch(value: string, type: string): undefined {
    const target = this.#path.length === 0
      ? "Go value"
      : `Go struct field ${this.#struct.split(".").at(-1)}.${this.#path.join(".")}`;
    this.#fault ??= new GoError(`json: cannot unmarshal ${value} into ${target} of type ${type}`);
  }
}

/**
 * Fields prepared for fast decoding. The blank struct is shared, so that all structs of a type have
 * the same hidden class.
 */
interface Plan {
  readonly blank: Readonly<Struct>;
  readonly byName: ReadonlyMap<string, { readonly name: string; readonly type: GoType }>;
}

const plans = new WeakMap<Fields, Plan>();

/** Most structs have the same type as the one before. */
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
 * Decodes JSON into a struct. Unknown keys are ignored.
 *
 * @throws {GoError} with Go's text for invalid JSON, and for a value of another type.
 */
export function unmarshal(text: string, name: string, fields: Fields): Record<string, unknown> {
  return (decode(text, { name, fields }) ?? {}) as Record<string, unknown>;
}

/**
 * Folds the case of a key like Go, which also treats two letters outside ASCII letters.
 */
export function foldCase(key: string): string {
  return key.toLowerCase().replaceAll("\u017f", "s");
}

/** A 64-bit integer: a bigint if a number cannot hold it exactly. */
export type Integer = number | bigint;

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Maximum length of a 64-bit integer: its digits and its sign. */
const MAX_INTEGER_LENGTH = 20;

function integerOf(literal: string, type: string): Integer | undefined {
  if (literal.length > MAX_INTEGER_LENGTH || !/^-?\d+$/.test(literal)) return undefined;
  // Adding 0 turns `-0` into `0`.
  const value = Number(literal) + 0;
  if (type === "uint8") return literal[0] !== "-" && value <= 255 ? value : undefined;
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(literal);
  return exact >= INT64.min && exact <= INT64.max ? exact : undefined;
}
