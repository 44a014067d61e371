import type { SchemaIssue } from "../errors.ts";

/**
 * A schema of any library that keeps to [Standard Schema](https://standardschema.dev) v1, such as
 * zod, valibot or arktype.
 *
 * `Input` is what the schema takes, `Output` what it makes of that.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The schema's side of the standard. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** What the standard asks of a schema. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The version of the standard. */
  readonly version: 1;
  /** The schema's library. */
  readonly vendor: string;
  /** Checks a value, at once or in its own time. */
  readonly validate: (
    value: unknown,
  ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** Where the schema keeps its types; there is nothing in it when a program runs. */
  readonly types?: StandardSchemaTypes<Input, Output> | undefined;
}

/** A schema's types. */
export interface StandardSchemaTypes<Input = unknown, Output = Input> {
  /** What it takes. */
  readonly input: Input;
  /** What it makes of that. */
  readonly output: Output;
}

/** What a schema says of a value: what it made of it, or what is wrong with it. */
export type StandardSchemaResult<Output> = StandardSchemaSuccess<Output> | StandardSchemaFailure;

/** The value fits the schema. */
export interface StandardSchemaSuccess<Output> {
  /** What the schema made of the value. */
  readonly value: Output;
  /** Nothing is wrong. */
  readonly issues?: undefined;
}

/** The value does not fit the schema. */
export interface StandardSchemaFailure {
  /** What is wrong. */
  readonly issues: readonly SchemaIssue[];
}
