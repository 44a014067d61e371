import { ConfigError } from "../errors.ts";
import { nearestName } from "../internal/nearest.ts";
import { showText, showValue } from "../internal/show.ts";
import type { DurationText } from "./duration.ts";
import { encodeJob } from "./encode.ts";
import { checkPolicy, type FailurePolicy, POLICY_NAMES } from "./failure_policy.ts";
import type { JobOptions } from "./job.ts";
import type { StandardSchema } from "./standard_schema.ts";

/**
 * Defaults for the jobs of a type. An option of a job replaces its default; in `custom`, each key
 * replaces the default for that key.
 */
export interface JobDefaults
  extends Pick<JobOptions, "queue" | "retry" | "reserveFor" | "backtrace" | "custom" | "unique"> {
  /**
   * The server drops a job that still waits this long after it was due (Enterprise), for example
   * `"10m"`.
   *
   * @default never
   */
  readonly expires?: DurationText | undefined;
}

/**
 * Options of a job type in {@linkcode job}: the defaults of its jobs, and the treatment of jobs
 * that fail.
 */
export interface JobTypeOptions<Args extends readonly unknown[] | [] = readonly unknown[]>
  extends JobDefaults, FailurePolicy<Args> {}

/**
 * The definition of a job type, as {@linkcode job} returns it. `Input` is the type of the arguments
 * that a producer passes, `Output` the type of those that a handler gets.
 */
export interface JobDefinition<
  Input extends readonly unknown[] = readonly unknown[],
  Output extends readonly unknown[] = Input,
> {
  /** The schema of the whole array of arguments; `undefined` if only their types are known. */
  readonly schema: StandardSchema<Input, Output> | undefined;
  /** Defaults for the jobs of this type. */
  readonly defaults: JobDefaults;
  /** Options for failed jobs. An option passed to `Consumer.register` replaces the one here. */
  readonly failures?: FailurePolicy | undefined;
}

/**
 * A catalogue of jobs: the definition of each job type by its name. Without a catalogue, a job may
 * have any type.
 */
export interface JobDefinitions {
  /** The definition of a job type. */
  readonly [type: string]: JobDefinition;
}

/**
 * Defines a job type for {@linkcode defineJobs}, with a schema of its arguments. The schema may
 * come from any library that implements [Standard Schema](https://standardschema.dev).
 *
 * A producer validates the arguments and sends them unchanged. A consumer validates them again and
 * passes the schema's output to the handler.
 *
 * @example Arguments that are checked on both sides
 * ```ts
 * import { defineJobs, job } from "@faktory-ts/faktory";
 * import { z } from "zod";
 *
 * const jobs = defineJobs({
 *   mail: job(z.tuple([z.email(), z.string()]), { queue: "mail", retry: 5 }),
 * });
 * ```
 */
export function job<Input extends readonly unknown[], Output extends readonly unknown[]>(
  schema: StandardSchema<Input, Output>,
  options?: JobTypeOptions<Input>,
): JobDefinition<Input, Output>;
/**
 * Defines a job type by the TypeScript types of its arguments only. They are not checked at run
 * time.
 */
export function job<Args extends readonly unknown[] | [] = readonly unknown[]>(
  options?: JobTypeOptions<Args>,
): JobDefinition<Args>;
export function job(first: unknown = {}, second: JobTypeOptions = {}): JobDefinition {
  const schema = isSchema(first) ? first : undefined;
  const options = schema === undefined ? first as JobTypeOptions : second;
  // If `options` is not an object, `defineJobs` reports that, with the name of the type.
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return { schema, defaults: options };
  }
  const { backoff, onDead, deadLetter, ...defaults } = options;
  const failures = POLICY_NAMES.some((name) => name in options)
    ? { backoff, onDead, deadLetter }
    : undefined;
  return { schema, defaults, failures };
}

/**
 * Defines a catalogue of jobs. Pass the same catalogue as the option `jobs` of producers and
 * consumers: names and arguments of jobs are then typed, and checked at run time.
 *
 * @example One catalogue for both sides
 * ```ts
 * import { Consumer, defineJobs, job, Producer } from "@faktory-ts/faktory";
 *
 * const jobs = defineJobs({
 *   resize: job<[path: string, width: number]>({ queue: "thumbnails", retry: 5 }),
 * });
 *
 * await using producer = await Producer.connect({ jobs });
 * await producer.enqueue("resize", ["cat.png", 320]); // goes to the queue "thumbnails"
 *
 * const consumer = new Consumer({ jobs });
 * consumer.register("resize", (job) => console.assert(job.args[1] > 0));
 * await consumer.runOne();
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION` if a definition or a default is invalid.
 */
export function defineJobs<Jobs extends JobDefinitions>(jobs: Jobs): Jobs {
  checkDefinitions(jobs);
  return Object.freeze(jobs);
}

const DEFAULT_NAMES: readonly string[] = [
  ...["queue", "retry", "reserveFor", "backtrace", "custom", "unique", "expires"],
];

/**
 * Checks a catalogue. JavaScript programs may pass one that `defineJobs` has not checked.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkDefinitions(jobs: unknown): asserts jobs is JobDefinitions {
  if (typeof jobs !== "object" || jobs === null || Array.isArray(jobs)) {
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot use the option jobs as it is not an object of definitions: got ${showValue(jobs)}`,
    );
  }
  for (const [type, definition] of Object.entries(jobs)) checkDefinition(type, definition);
}

function checkDefinition(type: string, definition: unknown): void {
  const { schema, defaults, failures } = (definition ?? {}) as Partial<Record<string, unknown>>;
  if (typeof defaults !== "object" || defaults === null || Array.isArray(defaults)) {
    throw refused(type, "its definition does not come from job()");
  }
  if (schema !== undefined && !isSchema(schema)) {
    throw refused(type, "its schema does not implement Standard Schema v1");
  }
  if (failures !== undefined) checkPolicy(type, failures as FailurePolicy);
  const unknown = Object.keys(defaults).find((name) => !DEFAULT_NAMES.includes(name));
  if (unknown !== undefined) {
    const names = [...DEFAULT_NAMES, ...POLICY_NAMES];
    const meant = nearestName(unknown, names);
    const hint = meant === undefined ? "" : `: did you mean ${showText(meant)}?`;
    throw refused(type, `it has no option ${showText(unknown)}, only ${names.join(", ")}${hint}`);
  }
  try {
    encodeJob({ ...defaults, type });
  } catch (error) {
    const { message } = error as Error;
    throw refused(type, `a job with its defaults would be refused: ${message}`, error);
  }
}

/** Returns true if the value is a Standard Schema. The schemas of some libraries are functions. */
function isSchema(value: unknown): value is StandardSchema<readonly unknown[]> {
  if (typeof value !== "function" && (typeof value !== "object" || value === null)) return false;
  const props: unknown = (value as { "~standard"?: unknown })["~standard"];
  return typeof props === "object" && props !== null &&
    typeof (props as { validate?: unknown }).validate === "function";
}

function refused(type: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot define the job ${showText(type)} as ${reason}`,
    { cause },
  );
}
