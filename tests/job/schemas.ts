import type { SchemaIssue } from "../../mod.ts";
import type { StandardSchema, StandardSchemaResult } from "../../src/job/standard_schema.ts";

/** The result of a test's schema. */
type Verdict = StandardSchemaResult<readonly unknown[]>;

/** Returns a schema that returns these results, with any types. */
export function schemaOf(
  validate: (value: unknown) => Verdict | Promise<Verdict>,
): StandardSchema<readonly unknown[]> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** Returns a schema that finds these issues. */
export function refusing(...issues: SchemaIssue[]): StandardSchema<readonly unknown[]> {
  return schemaOf(() => ({ issues }));
}
