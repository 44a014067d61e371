import { InvalidJobError } from "../errors.ts";
import { nearestName } from "../internal/nearest.ts";
import { showText } from "../internal/show.ts";
import { checkDefinitions, type JobDefaults, type JobDefinitions } from "./catalogue.ts";
import type { FailurePolicy } from "./failure_policy.ts";
import { encodeJob, isPlainObject } from "./encode.ts";
import {
  explicitQueueOf,
  faultOf,
  Job,
  type JobFields,
  type JobInput,
  unknownProperty,
} from "./job.ts";
import { DEFAULT_QUEUE } from "./queue_name.ts";
import { expandShorthands, hasShorthands } from "./shorthands.ts";
import type { StandardSchema } from "./standard_schema.ts";
import { validateArgs } from "./validate.ts";

/** The definition of a job type, with its defaults in the form in which they are sent. */
interface CatalogueEntry {
  readonly defaults: JobDefaults | undefined;
  readonly schema: StandardSchema<readonly unknown[]> | undefined;
  readonly failures: FailurePolicy | undefined;
}

/** Applies a catalogue of jobs: fills in the defaults of a job, and checks it. */
export class JobCatalogue {
  /** The catalogue, as the caller passed it. */
  readonly definitions: JobDefinitions;
  readonly #jobs = new Map<string, CatalogueEntry>();

  /** @throws {ConfigError} `INVALID_OPTION`. */
  constructor(definitions: JobDefinitions) {
    checkDefinitions(definitions);
    this.definitions = definitions;
    for (const [type, { defaults, schema, failures }] of Object.entries(definitions)) {
      const hasDefaults = Object.values(defaults).some((value) => value !== undefined);
      const expanded = hasShorthands(defaults)
        ? { ...defaults, ...expandShorthands(defaults) }
        : defaults;
      this.#jobs.set(type, {
        schema,
        failures,
        defaults: hasDefaults ? { ...expanded } : undefined,
      });
    }
  }

  /** Creates a catalogue from the option `jobs`; returns `undefined` if the option is not set. */
  static of(definitions: JobDefinitions | undefined): JobCatalogue | undefined {
    return definitions === undefined ? undefined : new JobCatalogue(definitions);
  }

  has(type: string): boolean {
    return this.#jobs.has(type);
  }

  /** The default queues of all job types, in the order of the catalogue. */
  get queues(): readonly string[] {
    const all = [...this.#jobs.values()].map(({ defaults }) => defaults?.queue ?? DEFAULT_QUEUE);
    return [...new Set(all)];
  }

  /** Returns the defaults for jobs of this type. */
  defaultsOf(type: string): JobDefaults | undefined {
    return this.#jobs.get(type)?.defaults;
  }

  schemaOf(type: string): StandardSchema<readonly unknown[]> | undefined {
    return this.#jobs.get(type)?.schema;
  }

  /** Returns the failure options of this type, which the options of its handler replace. */
  failuresOf(type: string): FailurePolicy | undefined {
    return this.#jobs.get(type)?.failures;
  }

  /** Returns a hint for an error about an unknown type, or an empty string. */
  hint(type: string): string {
    const meant = nearestName(type, this.#jobs.keys());
    return meant === undefined ? "" : `: did you mean ${showText(meant)}?`;
  }

  /**
   * Returns the job with the defaults of its type. Does not throw: an invalid job is returned as it
   * is, and encoding it reports the fault.
   */
  fill(job: JobInput): JobInput {
    try {
      const defaults = this.defaultsOf(job.type);
      return defaults === undefined ? job : withDefaults(job, defaults);
    } catch {
      // `job` is not an object, or one of its getters throws.
      return job;
    }
  }

  /**
   * Checks the type and arguments of a job that can be encoded. Returns a promise if the schema
   * validates asynchronously.
   *
   * @throws {InvalidJobError} `INVALID_TYPE`, `INVALID_ARGS` or `SCHEMA_FAILED`; the promise
   * rejects with the same errors.
   */
  check({ type, args = [] }: JobInput): Promise<unknown> | undefined {
    const entry = this.#jobs.get(type);
    if (entry === undefined) {
      throw new InvalidJobError(
        "INVALID_TYPE",
        `Cannot enqueue job as its type is not in the catalogue: got ${showText(type)}${
          this.hint(type)
        }`,
        { path: "type" },
      );
    }
    if (entry.schema === undefined) return undefined;
    const output = validateArgs(entry.schema, args, { action: "enqueue job", type });
    return output instanceof Promise ? output : undefined;
  }

  /**
   * Returns the job with its defaults after all checks.
   *
   * @throws {InvalidJobError}
   */
  async prepare(job: JobInput): Promise<JobInput> {
    const filled = this.fill(job);
    encodeJob(filled);
    await this.check(filled);
    return filled;
  }
}

function withDefaults(job: JobInput, defaults: JobDefaults): JobInput {
  const isJob = job instanceof Job;
  if ((isJob ? faultOf(job) : unknownProperty(job)) !== undefined) return job;
  const { jid, type, args, retry, at, reserveFor, backtrace, custom, createdAt } = job;
  const queue = isJob ? explicitQueueOf(job) : job.queue;
  const { delay, unique, expires } = job as JobFields;
  return {
    jid,
    type,
    args,
    queue: queue === undefined ? defaults.queue : queue,
    retry: retry === undefined ? defaults.retry : retry,
    at,
    delay,
    unique,
    expires,
    reserveFor: reserveFor === undefined ? defaults.reserveFor : reserveFor,
    backtrace: backtrace === undefined ? defaults.backtrace : backtrace,
    custom: defaults.custom === undefined ? custom : mergeCustom(defaults.custom, job as JobFields),
    createdAt,
  };
}

function mergeCustom(
  defaults: Record<string, unknown>,
  { custom: expanded, expires }: Pick<JobFields, "custom" | "expires">,
): Record<string, unknown> | undefined {
  if (expanded !== undefined && !isPlainObject(expanded)) return expanded;
  const merged = { ...defaults };
  // A job must not have both: it is not defined which of them a server uses.
  const expiresItself = expires !== undefined ||
    expanded !== undefined && ("expires_at" in expanded || "expires_in" in expanded);
  if (expiresItself) {
    delete merged["expires_in"];
    delete merged["expires_at"];
  }
  return { ...merged, ...expanded };
}
