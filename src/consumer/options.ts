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
import { queuesOf } from "./untaken_queues.ts";

/** Options of a consumer. */
export interface ConsumerOptions<Jobs extends JobDefinitions = JobDefinitions>
  extends ConnectionOptions {
  /**
   * The catalogue of jobs, from `defineJobs`: names and arguments are then typed and checked.
   * @default any job
   */
  readonly jobs?: Jobs | undefined;
  /** Jobs that run at the same time, 1 to 10000. @default 10 */
  readonly concurrency?: number | undefined;
  /**
   * Queues to fetch from: names in their order, weights, or a function. `images.*` matches many.
   *
   * @default the queues of the catalogue `jobs`, each in its turn; without a catalogue
   * `["default"]`
   */
  readonly queues?: QueueChoice | undefined;
  /** Limits of jobs a second, and of jobs at the same time for each queue. @default no limits */
  readonly limits?: ConsumerLimits | undefined;
  /**
   * What to do with a job whose type has no handler here: `fail` fails it, so it is retried later;
   * `leave` requeues it for five seconds later and fetches nothing from its queue for 30 seconds,
   * so that other workers can take it.
   *
   * @default "fail"
   */
  readonly unregistered?: "fail" | "leave" | undefined;
  /**
   * Connections at most, 2 to 100. A consumer opens two, one to fetch and one for everything else,
   * and more while jobs wait and the server is what is waited for. A connection that brings no job
   * for ten seconds is closed.
   *
   * @default one more than the concurrency, 16 at most; 2 in Cloudflare Workers, 3 with limits
   */
  readonly connections?: number | undefined;
  /** This worker's id, at least 8 characters, unique among all workers. @default a random one */
  readonly wid?: string | undefined;
  /** This machine's name, as the server's web page shows it. @default the machine's */
  readonly hostname?: string | undefined;
  /** Labels that the server's web page shows for this worker. @default ["typescript"] */
  readonly labels?: readonly string[] | undefined;
  /**
   * Looks for jobs that `producer.cancel` has cancelled, by asking the server for its queues every
   * five seconds (INFO): such a job is dropped when it is fetched, and while it runs its `signal`
   * is aborted within ten seconds.
   *
   * @default false
   */
  readonly cancellation?: boolean | undefined;
  /**
   * Middleware for jobs that handlers enqueue by `context.producer`, as for `producer.use`.
   * @default []
   */
  readonly enqueueMiddleware?: readonly ProducerMiddleware[] | undefined;
  /**
   * Takes what handlers write to `context.log`, and the consumer's own messages: `console`, or any
   * logger with these methods. `fieldsFirst` adapts pino.
   *
   * @default nowhere
   */
  readonly logger?: LoggerLike | undefined;
  /**
   * Lowest level of the consumer's own messages, or `none`. `debug` has a line for each job.
   *
   * @default "info"
   */
  readonly logLevel?: LogLevel | "none" | undefined;
  /** Traces and measures runs and enqueues: `openTelemetry()` of `./telemetry`. @default none */
  readonly telemetry?: Telemetry | undefined;
  /**
   * Handles signals of the operating system while the consumer runs: TERM and INT stop it (a second
   * one aborts running jobs), TSTP quiets it, TTIN writes the running jobs to `logger`, else to the
   * console. In a process of a `Supervisor`, the end of the supervisor stops it as well. The
   * consumer never exits the program.
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

/** A consumer's own options, checked, with their defaults in place. */
export interface ConsumerSettings {
  readonly concurrency: number;
  readonly queues: QueueChoice;
  readonly limits: ConsumerLimits;
  readonly unregistered: "fail" | "leave";
  /** Connections at most. */
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

/** A shorter timeout would take a server that waits for jobs for one that is gone. */
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
  where: Runtime | undefined = runtime(),
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
    connections: resolveConnections(options.connections, concurrency, where),
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

/** A FETCH holds back what is behind it on its connection, so that one is not enough. */
const MIN_CONNECTIONS = 2;

/** So many are as fast on the reference server as one for each of a hundred jobs. */
const DEFAULT_CONNECTIONS = 16;

function resolveConnections(
  given: unknown,
  concurrency: number,
  where: Runtime | undefined,
): number {
  // A Worker may have six connections at a time: three are left to its handlers.
  const most = where === "workerd" ? 3 : DEFAULT_CONNECTIONS;
  const fallback = Math.min(concurrency + 1, most);
  return integerIn("connections", given, { min: MIN_CONNECTIONS, max: 100, fallback });
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
  throw invalidOption("wid", "a text of 8 characters or more", wid);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidOption(name, "a text", value);
}

function checkLabels(labels: unknown): readonly string[] {
  if (Array.isArray(labels) && labels.every((label) => typeof label === "string")) return labels;
  throw invalidOption("labels", "an array of texts", labels);
}
