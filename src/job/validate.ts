import { InvalidJobError, type SchemaIssue } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { kindOf, showText } from "../internal/show.ts";
import { isThenable } from "../internal/thenable.ts";
import { pathStep } from "./json.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** Number of issues in the error's message. The error has all of them. */
const MAX_ISSUES = 3;

/** Longest part of an issue's text in the error's message, in characters. */
const MAX_MESSAGE = 200;

/** The names that error messages use. */
export interface Subject {
  /**
   * The action that fails if the arguments are invalid: `enqueue job`, or `run job` and the jid.
   */
  readonly action: string;
  /** The job's type. */
  readonly type: string;
}

/**
 * Validates a job's arguments and returns the schema's output, or a promise of it if the schema is
 * asynchronous.
 *
 * @throws {InvalidJobError} `INVALID_ARGS` with the schema's issues, or `SCHEMA_FAILED` if the
 * schema itself fails; the promise rejects with the same errors.
 */
export function validateArgs(
  schema: StandardSchema<readonly unknown[]>,
  args: readonly unknown[],
  subject: Subject,
): readonly unknown[] | Promise<readonly unknown[]> {
  let result: unknown;
  try {
    result = schema["~standard"].validate(args);
  } catch (error) {
    throw failed(subject, error);
  }
  if (!isThenable(result)) return outputOf(result, subject);
  return Promise.resolve(result).then(
    (settled) => outputOf(settled, subject),
    (error) => {
      throw failed(subject, error);
    },
  );
}

function outputOf(result: unknown, subject: Subject): readonly unknown[] {
  let fault: InvalidJobError;
  try {
    const { issues, value } = (result ?? {}) as { issues?: unknown; value?: unknown };
    if (!Array.isArray(issues) && Array.isArray(value)) return value;
    fault = Array.isArray(issues)
      ? mismatch(subject, issues)
      : failed(subject, new TypeError("The schema returned neither an array nor issues"));
  } catch (error) {
    // A getter of the result threw.
    fault = failed(subject, error);
  }
  throw fault;
}

function mismatch({ action, type }: Subject, issues: readonly SchemaIssue[]): InvalidJobError {
  const shown = issues.slice(0, MAX_ISSUES)
    .map((issue) => `${String(issue.message).slice(0, MAX_MESSAGE)} (${pathOf(issue)})`);
  const more = issues.length > shown.length ? [`and ${issues.length - shown.length} more`] : [];
  return new InvalidJobError(
    "INVALID_ARGS",
    `Cannot ${action} as its args do not fit the schema of ${showText(type)}: ${
      [...shown, ...more].join("; ")
    }`,
    { path: issues[0] === undefined ? "args" : pathOf(issues[0]), issues },
  );
}

function pathOf({ path = [] }: SchemaIssue): string {
  return path.reduce<string>((text, step) => {
    const key = typeof step === "object" ? step.key : step;
    return text + pathStep(typeof key === "symbol" ? String(key) : key);
  }, "args");
}

/**
 * Returns the error for a schema that failed. It names only the kind of the cause, because the
 * message may quote the arguments.
 */
function failed({ action, type }: Subject, cause: unknown): InvalidJobError {
  const kind = isError(cause) ? cause.name : kindOf(Object(cause));
  return new InvalidJobError(
    "SCHEMA_FAILED",
    `Cannot ${action} as the schema of ${showText(type)} failed to check its args: ${kind}`,
    { path: "args", cause },
  );
}
