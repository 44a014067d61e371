import type { SchemaIssue } from "../errors.ts";

/**
 * A schema of any library that implements [Standard Schema](https://standardschema.dev) v1, such as
 * zod, valibot or arktype.
 *
 * `Input` is the type that the schema accepts, `Output` the type that it returns.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The properties that the standard defines. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** The properties that the standard defines for a schema. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The version of the standard. */
  readonly version: 1;
  /** The name of the schema's library. */
  readonly vendor: string;
  /** Validates a value and returns the result or a promise of it. */
  readonly validate: (
    value: unknown,
  ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** The schema's types. This property only exists for TypeScript and has no value at run time. */
  readonly types?: StandardSchemaTypes<Input, Output> | undefined;
}

/** The types of a schema. */
export interface StandardSchemaTypes<Input = unknown, Output = Input> {
  /** The type that the schema accepts. */
  readonly input: Input;
  /** The type that the schema returns. */
  readonly output: Output;
}

/** The result of a validation: an output value, or issues. */
export type StandardSchemaResult<Output> = StandardSchemaSuccess<Output> | StandardSchemaFailure;

/** The result for a valid value. */
export interface StandardSchemaSuccess<Output> {
  /** The output value. */
  readonly value: Output;
  /** Always `undefined`. */
  readonly issues?: undefined;
}

/** The result for an invalid value. */
export interface StandardSchemaFailure {
  /** The problems that were found. */
  readonly issues: readonly SchemaIssue[];
}
