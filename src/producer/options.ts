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
   * The jobs that there are, as `defineJobs` gives them: names and arguments are then typed, and
   * checked. @default any
   */
  readonly jobs?: Jobs | undefined;
  /**
   * Most connections, 1 to 100. The producer opens one, and more while it waits for the server. A
   * connection without work is closed after 5 to 10 seconds. A call that is made after another one
   * was answered reaches the server after it. Calls that do not wait for each other, and the jobs
   * of one `enqueueMany` or `writable`, arrive in any order.
   *
   * @default 8
   */
  readonly connections?: number | undefined;
  /**
   * Keeps one connection, and the order of all calls: jobs and other commands reach the server in
   * the order of the calls, whether they wait for each other or not. Not together with
   * `connections`.
   *
   * @default false
   */
  readonly ordered?: boolean | undefined;
  /**
   * What to do with a job whose confirmation was lost with the connection: send it again, so that
   * it may be there twice, or reject with a `ConnectionLostError` whose `outcome` is `unknown`.
   *
   * @default "at-least-once"
   */
  readonly delivery?: Delivery | undefined;
  /**
   * Calls that may be under way while there is no connection, 1 or more; what is called beyond them
   * rejects with a `ConnectionLostError` of the code `TOO_MANY_WAITING`. How long they wait is for
   * `reconnect.attempts`, or for a call's own `signal`. A stream of `writable()` is not refused:
   * its writes wait.
   *
   * @default 10000
   */
  readonly maxWaiting?: number | undefined;
  /**
   * What hears of all jobs that are enqueued: `openTelemetry()` of `./telemetry`. @default nothing
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

/** See {@linkcode ProducerOptions.connections}. */
const MAX_CONNECTIONS = 8;

/** See {@linkcode ProducerOptions.maxWaiting}. */
export const MAX_WAITING = 10_000;

/** Options of a producer, checked, with their defaults in place. */
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
      fallback: MAX_WAITING,
    }),
    delivery,
    telemetry: checkTelemetry(options.telemetry),
  };
}

/** The option `connections`, or 1 if all calls keep their order. */
function maxConnections(
  { connections, ordered }: Pick<ProducerOptions, "connections" | "ordered">,
): number {
  if (ordered !== undefined && typeof ordered !== "boolean") {
    throw invalidOption("ordered", "a boolean", ordered);
  }
  const fallback = ordered === true ? 1 : MAX_CONNECTIONS;
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
  throw invalidOption("telemetry", "an object as openTelemetry() gives", telemetry);
}
