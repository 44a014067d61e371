import { InvalidJobError } from "../errors.ts";
import { editDistance, nearestName } from "../internal/nearest.ts";
import { showText } from "../internal/show.ts";
import { encodeCore, type EncodedJob } from "./encode_core.ts";
import { invalid } from "./invalid.ts";
import { type JobInput, PROPERTIES } from "./job.ts";

export { DEFAULT_RETRY, type EncodedJob, isPlainObject } from "./encode_core.ts";

/**
 * Checks a job and encodes it for PUSH and PUSHB. If a name is wrong, the error suggests the right one.
 *
 * @throws {InvalidJobError} if the server would refuse the job or silently change it.
 */
export function encodeJob(input: JobInput): EncodedJob {
  let encoded: EncodedJob;
  try {
    encoded = encodeCore(input);
  } catch (error) {
    throw withSuggestion(error);
  }
  // `encodeCore` has checked that `custom` is a readable object.
  if (input.custom !== undefined) checkCustomNames(input.custom);
  return encoded;
}

/**
 * Other words that people use for a property, and the property's name. In lower case, without
 * separators.
 */
const LIKELY_NAMES: ReadonlyMap<string, string> = new Map([
  ["id", "jid"],
  ["jobid", "jid"],
  ["jobtype", "type"],
  ["kind", "type"],
  ["name", "type"],
  ["arguments", "args"],
  ["runat", "at"],
  ["scheduledat", "at"],
  ["in", "delay"],
  ["wait", "delay"],
  ["uniquefor", "unique"],
  ["uniqueuntil", "unique"],
  ["expiresat", "expires"],
  ["expiresin", "expires"],
]);

/**
 * Returns the error for an unknown property, with a suggestion. Returns other errors as they are.
 */
function withSuggestion(error: unknown): unknown {
  const isUnknownName = error instanceof InvalidJobError && error.code === "INVALID_JOB" &&
    error.path !== "" && !PROPERTIES.has(error.path);
  if (!isUnknownName) return error;
  const { path } = error;
  const meant = LIKELY_NAMES.get(normalized(path)) ?? nearestName(path, PROPERTIES);
  return meant === undefined ? error : invalid(
    "INVALID_JOB",
    path,
    `${showText(path)} is not a property of a job: did you mean "${meant}"?`,
  );
}

/**
 * Refuses misspelled names of the Enterprise keys in `custom`. Otherwise a job that should be
 * unique would silently not be unique. Other names in `custom` are free.
 */
function checkCustomNames(custom: object): void {
  for (const name in custom) {
    const meant = /^[eu]/i.test(name) ? misspelled(name) : undefined;
    if (meant === undefined) continue;
    const option = meant.startsWith("unique") ? "unique" : "expires";
    throw invalid(
      "INVALID_CUSTOM",
      `custom.${name}`,
      `servers ignore custom.${name}: did you mean custom.${meant}, or the job's option ${option}?`,
    );
  }
}

const UNIQUE = ["unique_for", "unique_until"] as const;

const EXPIRES: Readonly<Record<string, string>> = {
  expiresat: "expires_at",
  expireat: "expires_at",
  expiresin: "expires_in",
  expirein: "expires_in",
};

/** Returns the name of an Enterprise key that `name` probably misspells. */
function misspelled(name: string): string | undefined {
  const text = normalized(name);
  const meant = UNIQUE.find((right) =>
    text.endsWith(right.slice(7)) && text.length < 15 &&
    editDistance(text, normalized(right)) <= 2
  ) ?? (Object.hasOwn(EXPIRES, text) ? EXPIRES[text] : undefined);
  return meant === name ? undefined : meant;
}

function normalized(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
