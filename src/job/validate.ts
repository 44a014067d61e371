import { InvalidJobError, type SchemaIssue } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { kindOf, showText } from "../internal/show.ts";
import { isThenable } from "../internal/thenable.ts";
import { pathStep } from "./json.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** Issues that a message tells of; the error has all of them. */
const MAX_ISSUES = 3;

/** Characters of an issue that a message tells. */
const MAX_MESSAGE = 200;

/** What the arguments are checked for. */
export interface Subject {
  /** What cannot be done with those that do not fit: `enqueue job`, or `run job` and its jid. */
  readonly action: string;
  /** The job's type. */
  readonly type: string;
}

/**
 * What the schema makes of a job's arguments: at once, or as a promise where the schema takes its
 * time.
 *
 * @throws {InvalidJobError} `INVALID_ARGS` with the schema's issues, `SCHEMA_FAILED` where the
 * schema itself fails; the promise rejects with the same.
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
      ? misfit(subject, issues)
      : failed(subject, new TypeError("The schema gave neither an array nor issues"));
  } catch (error) {
    // What it gave cannot be read.
    fault = failed(subject, error);
  }
  throw fault;
}

function misfit({ action, type }: Subject, issues: readonly SchemaIssue[]): InvalidJobError {
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

/** What the schema threw may quote the arguments, so that it is shown of by its kind alone. */
function failed({ action, type }: Subject, cause: unknown): InvalidJobError {
  const kind = isError(cause) ? cause.name : kindOf(Object(cause));
  return new InvalidJobError(
    "SCHEMA_FAILED",
    `Cannot ${action} as the schema of ${showText(type)} failed to check its args: ${kind}`,
    { path: "args", cause },
  );
}
