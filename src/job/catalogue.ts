import { ConfigError } from "../errors.ts";
import { nearestName } from "../internal/nearest.ts";
import { showText, showValue } from "../internal/show.ts";
import type { DurationText } from "./duration.ts";
import { encodeJob } from "./encode.ts";
import { checkPolicy, type FailurePolicy, POLICY_NAMES } from "./failure_policy.ts";
import type { JobOptions } from "./job.ts";
import type { StandardSchema } from "./standard_schema.ts";

/**
 * What jobs of a type have where they do not say otherwise themselves; of `custom`, each key for
 * itself.
 */
export interface JobDefaults
  extends Pick<JobOptions, "queue" | "retry" | "reserveFor" | "backtrace" | "custom" | "unique"> {
  /**
   * How long after it was due a job that still waits is dropped (Enterprise), such as `"10m"`.
   * @default never
   */
  readonly expires?: DurationText | undefined;
}

/**
 * What {@linkcode job} says of a type beside its arguments: defaults of its jobs, and what
 * consumers do if they fail.
 */
export interface JobTypeOptions<Args extends readonly unknown[] | [] = readonly unknown[]>
  extends JobDefaults, FailurePolicy<Args> {}

/**
 * A type of job, as {@linkcode job} makes it: its arguments as a producer gives them, and as a
 * handler gets them.
 */
export interface JobDefinition<
  Input extends readonly unknown[] = readonly unknown[],
  Output extends readonly unknown[] = Input,
> {
  /** Checks the arguments, the whole array; none where only their types are known. */
  readonly schema: StandardSchema<Input, Output> | undefined;
  /** What jobs of this type have where they do not say otherwise. */
  readonly defaults: JobDefaults;
  /**
   * What consumers do with its failed jobs; the options of `Consumer.register` are used instead,
   * each by itself.
   */
  readonly failures?: FailurePolicy | undefined;
}

/**
 * A catalogue of jobs: the definition of each type by its name. Without one, a job may be of any
 * type.
 */
export interface JobDefinitions {
  /** A type of job. */
  readonly [type: string]: JobDefinition;
}

/**
 * Defines a type of job, for {@linkcode defineJobs}, by a schema of its arguments: of any library
 * that keeps to [Standard Schema](https://standardschema.dev).
 *
 * Producers check the arguments and send them as they were given; consumers check what came, and
 * give handlers what the schema makes of it.
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
 * Defines a type of job by the types of its arguments alone, which are not checked when the program
 * runs.
 */
export function job<Args extends readonly unknown[] | [] = readonly unknown[]>(
  options?: JobTypeOptions<Args>,
): JobDefinition<Args>;
export function job(first: unknown = {}, second: JobTypeOptions = {}): JobDefinition {
  const schema = isSchema(first) ? first : undefined;
  const options = schema === undefined ? first as JobTypeOptions : second;
  // What is no object is refused by defineJobs, with the name of the type.
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
 * Defines the jobs that there are, for producers and consumers alike: with such a catalogue as
 * their option `jobs`, the names and arguments of jobs are typed, and checked.
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
 * @throws {ConfigError} `INVALID_OPTION` on a definition or a default that cannot be used.
 */
export function defineJobs<Jobs extends JobDefinitions>(jobs: Jobs): Jobs {
  checkDefinitions(jobs);
  return Object.freeze(jobs);
}

const DEFAULTS: readonly string[] = [
  ...["queue", "retry", "reserveFor", "backtrace", "custom", "unique", "expires"],
];

/**
 * Checks a catalogue that may not have come from `defineJobs`.
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
    throw refused(type, "it is not what job() gives");
  }
  if (schema !== undefined && !isSchema(schema)) {
    throw refused(type, "its schema does not keep to Standard Schema v1");
  }
  if (failures !== undefined) checkPolicy(type, failures as FailurePolicy);
  const unknown = Object.keys(defaults).find((name) => !DEFAULTS.includes(name));
  if (unknown !== undefined) {
    const names = [...DEFAULTS, ...POLICY_NAMES];
    const meant = nearestName(unknown, names);
    const hint = meant === undefined ? "" : `: did you mean ${showText(meant)}?`;
    throw refused(type, `${showText(unknown)} is none of its options ${names.join(", ")}${hint}`);
  }
  try {
    encodeJob({ ...defaults, type });
  } catch (error) {
    const { message } = error as Error;
    throw refused(type, `a job with its defaults would be refused: ${message}`, error);
  }
}

/** Some libraries' schemas are functions. */
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
