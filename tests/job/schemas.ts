import type { SchemaIssue } from "../../mod.ts";
import type { StandardSchema, StandardSchemaResult } from "../../src/job/standard_schema.ts";

/** What a schema of a test says of the arguments. */
type Verdict = StandardSchemaResult<readonly unknown[]>;

/** A schema that says what it is told to, whatever its types. */
export function schemaOf(
  validate: (value: unknown) => Verdict | Promise<Verdict>,
): StandardSchema<readonly unknown[]> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** A schema that finds these issues. */
export function refusing(...issues: SchemaIssue[]): StandardSchema<readonly unknown[]> {
  return schemaOf(() => ({ issues }));
}
