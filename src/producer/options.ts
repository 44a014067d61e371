import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  integerIn,
  invalidOption,
} from "../connection/options.ts";
import type { Delivery } from "../connection/reconnect_options.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { JobCatalogue } from "../job/job_catalogue.ts";
import type { Telemetry } from "./telemetry.ts";

/** Options of {@linkcode Producer.connect}. */
export interface ProducerOptions<Jobs extends JobDefinitions = JobDefinitions>
  extends ConnectionOptions {
  /**
   * The catalogue of jobs, made by `defineJobs`. With it, names and arguments of jobs are typed and
   * checked.
   *
   * @default any job is accepted
   */
  readonly jobs?: Jobs | undefined;
  /**
   * Maximum number of connections, 1 to 100. The producer opens one, and more while calls wait for
   * the server. An idle connection is closed after 5 to 10 seconds. A call that is made after the
   * reply to another call reaches the server after that call. Calls that are made without waiting
   * for each other, and the jobs of one `enqueueMany` or `writable`, may arrive in any order.
   *
   * @default 8
   */
  readonly connections?: number | undefined;
  /**
   * Keeps the order of all calls by using one connection: jobs and other commands reach the server
   * in the order of the calls, even if the calls do not wait for each other. A job with a `delay`
   * may arrive later, because the producer first asks for the server's time; so may a job whose
   * schema checks it asynchronously. Cannot be combined with `connections`.
   *
   * @default false
   */
  readonly ordered?: boolean | undefined;
  /**
   * Treatment of a job if the connection is lost before the server confirms it. `"at-least-once"`
   * sends the job again, so the server may have it twice. `"at-most-once"` rejects with a
   * `ConnectionLostError` whose `outcome` is `unknown`.
   *
   * @default "at-least-once"
   */
  readonly delivery?: Delivery | undefined;
  /**
   * Maximum number of calls that wait while there is no connection, at least 1. Further calls
   * reject with the code `TOO_MANY_WAITING` (`ConnectionLostError`). `reconnect.attempts` and the
   * `signal` of a call limit how long calls wait. Writes to a stream of `writable()` are not
   * refused; they wait.
   *
   * @default 10000
   */
  readonly maxWaiting?: number | undefined;
  /**
   * Observes all enqueued jobs. Pass the result of `openTelemetry()` from `./telemetry`.
   *
   * @default none
   */
  readonly telemetry?: Telemetry | undefined;
}

const PRODUCER_OPTIONS = {
  ...CONNECTION_OPTIONS,
  jobs: true,
  connections: true,
  ordered: true,
  delivery: true,
  maxWaiting: true,
  telemetry: true,
} as const satisfies OptionNames<ProducerOptions>;

/** Default of {@linkcode ProducerOptions.connections}. */
const DEFAULT_CONNECTIONS = 8;

/** Default of {@linkcode ProducerOptions.maxWaiting}. */
export const DEFAULT_MAX_WAITING = 10_000;

/** The checked options of a producer, with defaults. */
export interface ProducerSettings {
  readonly catalogue: JobCatalogue | undefined;
  readonly maxConnections: number;
  readonly maxWaiting: number;
  readonly delivery: Delivery;
  readonly telemetry: Telemetry | undefined;
}

/**
 * Checks the options that only producers have.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function resolveProducerOptions<Jobs extends JobDefinitions>(
  options: ProducerOptions<Jobs>,
): ProducerSettings {
  checkOptionNames(options, PRODUCER_OPTIONS, "Producer.connect");
  const catalogue = JobCatalogue.of(options.jobs);
  const delivery = options.delivery ?? "at-least-once";
  if (delivery !== "at-least-once" && delivery !== "at-most-once") {
    throw invalidOption("delivery", '"at-least-once" or "at-most-once"', delivery);
  }
  return {
    catalogue,
    maxConnections: maxConnections(options),
    maxWaiting: integerIn("maxWaiting", options.maxWaiting, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: DEFAULT_MAX_WAITING,
    }),
    delivery,
    telemetry: checkTelemetry(options.telemetry),
  };
}

/** Returns the option `connections`, or 1 if calls keep their order. */
function maxConnections(
  { connections, ordered }: Pick<ProducerOptions, "connections" | "ordered">,
): number {
  if (ordered !== undefined && typeof ordered !== "boolean") {
    throw invalidOption("ordered", "a boolean", ordered);
  }
  const fallback = ordered === true ? 1 : DEFAULT_CONNECTIONS;
  const max = integerIn("connections", connections, { min: 1, max: 100, fallback });
  if (ordered !== true || max === 1) return max;
  throw invalidOption("connections", "1, as it has to be with ordered: true", connections);
}

/** @throws {ConfigError} `INVALID_OPTION`. */
export function checkTelemetry(telemetry: unknown): Telemetry | undefined {
  if (telemetry === undefined) return undefined;
  const { producer, consumer } = (telemetry ?? {}) as Record<string, unknown>;
  if (typeof producer === "function" && typeof consumer === "function") {
    return telemetry as Telemetry;
  }
  throw invalidOption("telemetry", "the result of openTelemetry()", telemetry);
}
