import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { DEFAULT_COMMAND_TIMEOUT_MS } from "../connection/connection.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  integerIn,
  invalidOption,
} from "../connection/options.ts";
import { machineName, processId, type Runtime, runtime } from "../internal/environment.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { createJid } from "../job/jid.ts";
import type { JobCatalogue } from "../job/job_catalogue.ts";
import { checkTelemetry, type ProducerMiddleware, type Telemetry } from "../producer/producer.ts";
import { checkLimits, type ConsumerLimits } from "./fetch/limits.ts";
import { LOG_LEVELS, type LoggerLike, type LogLevel } from "./logger.ts";
import { checkChoice, type QueueChoice } from "./fetch/choice.ts";
import { queuesOf } from "./unfetched_queues.ts";

/** Options of a consumer. */
export interface ConsumerOptions<Jobs extends JobDefinitions = JobDefinitions>
  extends ConnectionOptions {
  /**
   * The catalogue of jobs, made by `defineJobs`. With it, names and arguments of jobs are typed and
   * checked.
   *
   * @default any job
   */
  readonly jobs?: Jobs | undefined;
  /** Maximum number of jobs that run at the same time, 1 to 10000. @default 10 */
  readonly concurrency?: number | undefined;
  /**
   * The queues to fetch from: names in order of priority, weights, or a function. `images.*`
   * matches several queues.
   *
   * @default the queues of the catalogue `jobs`, with equal weights; without a catalogue
   * `["default"]`
   */
  readonly queues?: QueueChoice | undefined;
  /**
   * Limits for jobs per second, and for jobs of a queue that run at the same time. @default no
   * limits
   */
  readonly limits?: ConsumerLimits | undefined;
  /**
   * Treatment of a job whose type has no handler here. `"fail"` fails the job, so it is retried
   * later. `"leave"` requeues it, to run five seconds later, and fetches nothing from its queue for
   * 30 seconds, so that other workers can take it.
   *
   * @default "fail"
   */
  readonly unregistered?: "fail" | "leave" | undefined;
  /**
   * Maximum number of connections, 2 to 100. A consumer opens two: one to fetch, and one for
   * everything else. It opens more while jobs wait and the server is the bottleneck. A connection
   * that brings no job for ten seconds is closed.
   *
   * @default one more than `concurrency`, at most 16; in Cloudflare Workers at most 3
   */
  readonly connections?: number | undefined;
  /** The worker's id, at least 8 characters, unique among all workers. @default a random id */
  readonly wid?: string | undefined;
  /**
   * The machine's name, shown in the server's web UI. @default the name from the operating system
   */
  readonly hostname?: string | undefined;
  /** Labels of this worker, shown in the server's web UI. @default ["typescript"] */
  readonly labels?: readonly string[] | undefined;
  /**
   * Checks for jobs that `producer.cancel` has cancelled, by asking the server for its queues every
   * five seconds (INFO). A cancelled job is dropped when it is fetched; if it is running, its
   * `signal` is aborted within ten seconds.
   *
   * @default false
   */
  readonly cancellation?: boolean | undefined;
  /**
   * Middleware for jobs that handlers enqueue with `context.producer`, as added by `producer.use`.
   *
   * @default []
   */
  readonly enqueueMiddleware?: readonly ProducerMiddleware[] | undefined;
  /**
   * Logger for `context.log` and for the consumer's own messages: `console`, or any logger with the
   * same methods. `fieldsFirst` adapts pino.
   *
   * @default no logging
   */
  readonly logger?: LoggerLike | undefined;
  /**
   * Lowest level of the consumer's own messages, or `none`. `debug` has a line for each job.
   *
   * @default "info"
   */
  readonly logLevel?: LogLevel | "none" | undefined;
  /**
   * Traces and measures runs and enqueues. Pass the result of `openTelemetry()` from `./telemetry`.
   *
   * @default none
   */
  readonly telemetry?: Telemetry | undefined;
  /**
   * Handles signals of the operating system while the consumer runs. TERM and INT stop it, and a
   * second one aborts running jobs. TSTP quiets it. TTIN logs the running jobs to `logger`, or to
   * the console without one. In a process of a `Supervisor`, the end of the supervisor stops it as
   * well. The consumer never exits the program.
   *
   * @default false
   */
  readonly handleSignals?: boolean | undefined;
}

const CONSUMER_OPTIONS = {
  ...CONNECTION_OPTIONS,
  jobs: true,
  concurrency: true,
  queues: true,
  limits: true,
  unregistered: true,
  connections: true,
  cancellation: true,
  wid: true,
  hostname: true,
  labels: true,
  enqueueMiddleware: true,
  logger: true,
  logLevel: true,
  telemetry: true,
  handleSignals: true,
} as const satisfies OptionNames<ConsumerOptions>;

/**
 * Checks the names of a consumer's options.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkConsumerOptions(options: unknown): void {
  checkOptionNames(options, CONSUMER_OPTIONS, "Consumer");
}

/** The checked options of a consumer, with defaults. */
export interface ConsumerSettings {
  readonly concurrency: number;
  readonly queues: QueueChoice;
  readonly limits: ConsumerLimits;
  readonly unregistered: "fail" | "leave";
  /** Maximum number of connections. */
  readonly connections: number;
  readonly cancellation: boolean;
  readonly commandTimeoutMs: number;
  readonly enqueueMiddleware: readonly ProducerMiddleware[];
  readonly logger: LoggerLike | undefined;
  readonly logLevel: LogLevel | "none";
  readonly telemetry: Telemetry | undefined;
  readonly worker: {
    readonly wid: string;
    readonly hostname: string;
    readonly pid: number;
    readonly labels: readonly string[];
  };
}

/**
 * With a shorter timeout, a server that waits for jobs would look like one that does not respond.
 */
const MIN_COMMAND_TIMEOUT_MS = 5000;

/**
 * Checks a consumer's options.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 * @throws {InvalidArgumentError} `INVALID_QUEUE`.
 */
export function resolveSettings(
  options: ConsumerOptions,
  catalogue?: JobCatalogue,
  runtimeName: Runtime | undefined = runtime(),
): ConsumerSettings {
  const { commandTimeoutMs } = options;
  if (commandTimeoutMs !== undefined && !(commandTimeoutMs >= MIN_COMMAND_TIMEOUT_MS)) {
    throw invalidOption(
      "commandTimeoutMs",
      `a number of ${MIN_COMMAND_TIMEOUT_MS} or more, as a FETCH may wait for two seconds`,
      commandTimeoutMs,
    );
  }
  const concurrency = integerIn("concurrency", options.concurrency, {
    min: 1,
    max: 10_000,
    fallback: 10,
  });
  return {
    concurrency,
    queues: checkChoice(options.queues ?? queuesOf(catalogue)),
    limits: checkLimits(options.limits),
    cancellation: checkFlag("cancellation", options.cancellation),
    unregistered: checkUnregistered(options.unregistered ?? "fail"),
    connections: resolveConnections(options.connections, concurrency, runtimeName),
    commandTimeoutMs: commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
    enqueueMiddleware: checkMiddleware(options.enqueueMiddleware ?? []),
    logger: checkLogger(options.logger),
    logLevel: checkLevel(options.logLevel ?? "info"),
    telemetry: checkTelemetry(options.telemetry),
    worker: {
      wid: checkWid(options.wid ?? createJid()),
      hostname: checkText("hostname", options.hostname ?? machineName() ?? "unknown"),
      pid: processId() ?? 0,
      labels: checkLabels(options.labels ?? ["typescript"]),
    },
  };
}

function checkLogger(logger: unknown): LoggerLike | undefined {
  if (logger === undefined) return undefined;
  const methods = logger as Record<string, unknown> | null;
  const needed = LOG_LEVELS.filter((level) => level !== "trace");
  if (needed.every((level) => typeof methods?.[level] === "function")) return logger as LoggerLike;
  throw invalidOption("logger", `an object with the methods ${needed.join(", ")}`, logger);
}

function checkLevel(level: unknown): LogLevel | "none" {
  const levels = [...LOG_LEVELS, "none"] as const;
  const known = levels.find((one) => one === level);
  if (known !== undefined) return known;
  throw invalidOption("logLevel", `one of ${levels.join(", ")}`, level);
}

/** A FETCH blocks the commands behind it on its connection, so one connection is not enough. */
const MIN_CONNECTIONS = 2;

/**
 * On the reference server, 16 connections are as fast as one connection for each of a hundred jobs.
 */
const DEFAULT_CONNECTIONS = 16;

function resolveConnections(
  connections: unknown,
  concurrency: number,
  runtimeName: Runtime | undefined,
): number {
  // A Worker may have six connections at a time. Three are left to its handlers.
  const max = runtimeName === "workerd" ? 3 : DEFAULT_CONNECTIONS;
  const fallback = Math.min(concurrency + 1, max);
  return integerIn("connections", connections, { min: MIN_CONNECTIONS, max: 100, fallback });
}

function checkFlag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw invalidOption(name, "a boolean", value);
}

function checkUnregistered(unregistered: unknown): "fail" | "leave" {
  if (unregistered === "fail" || unregistered === "leave") return unregistered;
  throw invalidOption("unregistered", '"fail" or "leave"', unregistered);
}

function checkMiddleware(middleware: unknown): readonly ProducerMiddleware[] {
  if (Array.isArray(middleware) && middleware.every((one) => typeof one === "function")) {
    return [...middleware];
  }
  throw invalidOption("enqueueMiddleware", "an array of functions", middleware);
}

function checkWid(wid: unknown): string {
  if (typeof wid === "string" && wid.length >= 8) return wid;
  throw invalidOption("wid", "a string of at least 8 characters", wid);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string", value);
}

function checkLabels(labels: unknown): readonly string[] {
  if (Array.isArray(labels) && labels.every((label) => typeof label === "string")) return labels;
  throw invalidOption("labels", "an array of strings", labels);
}
