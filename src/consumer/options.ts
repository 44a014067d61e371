import { type ConnectionOptions, integerIn, invalidOption } from "../connection/options.ts";
import { machineName, processId } from "../internal/environment.ts";
import { createJid } from "../job/jid.ts";
import { checkQueueName, DEFAULT_QUEUE } from "../job/queue_name.ts";
import { LOG_LEVELS, type Logger } from "./logger.ts";

/** Options of a consumer. */
export interface ConsumerOptions extends ConnectionOptions {
  /** Jobs that run at the same time, 1 to 10000. @default 10 */
  readonly concurrency?: number | undefined;
  /** Queues to take jobs from: the first that has one, in this order. @default ["default"] */
  readonly queues?: readonly string[] | undefined;
  /**
   * Connections that fetch, and as many that do all else, 1 to 100.
   *
   * @default a quarter of the concurrency, 4 at most
   */
  readonly lanes?: number | undefined;
  /** This worker's id, 8 characters at least, unlike that of any other worker. @default a random one */
  readonly wid?: string | undefined;
  /** This machine's name, as the server's web page shows it. @default the machine's */
  readonly hostname?: string | undefined;
  /** Labels to tell workers apart on the server's web page. @default ["typescript"] */
  readonly labels?: readonly string[] | undefined;
  /** Where handlers' `context.log` writes, `console` for example. @default nowhere */
  readonly logger?: Logger | undefined;
  /**
   * Heeds the operating system's signals while it runs, on runtimes that have them: TERM and INT stop it (a second one
   * aborts what runs), TSTP quiets it, TTIN writes what it runs to the `logger`, else to the console. In a process of a
   * `Supervisor`, the end of that one stops it as well. The program itself is never ended.
   *
   * @default false
   */
  readonly handleSignals?: boolean | undefined;
}

/** A consumer's own options, checked, with their defaults in place. */
export interface ConsumerSettings {
  readonly concurrency: number;
  readonly queues: readonly string[];
  readonly lanes: number;
  readonly logger: Logger | undefined;
  readonly worker: {
    readonly wid: string;
    readonly hostname: string;
    readonly pid: number;
    readonly labels: readonly string[];
  };
}

/** Less than this takes a server that waits for jobs for one that is gone. */
const MIN_COMMAND_TIMEOUT_MS = 5000;

/** More queues than this in one FETCH help nobody. */
const MAX_QUEUES = 1000;

/**
 * Checks a consumer's options.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 * @throws {InvalidArgumentError} `INVALID_QUEUE`.
 */
export function resolveSettings(options: ConsumerOptions): ConsumerSettings {
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
    queues: checkQueues(options.queues ?? [DEFAULT_QUEUE]),
    lanes: integerIn("lanes", options.lanes, {
      min: 1,
      max: 100,
      fallback: Math.min(4, Math.ceil(concurrency / 4)),
    }),
    logger: checkLogger(options.logger),
    worker: {
      wid: checkWid(options.wid ?? createJid()),
      hostname: checkText("hostname", options.hostname ?? machineName() ?? "unknown"),
      pid: processId() ?? 0,
      labels: checkLabels(options.labels ?? ["typescript"]),
    },
  };
}

function checkLogger(logger: unknown): Logger | undefined {
  if (logger === undefined) return undefined;
  const methods = logger as Record<string, unknown> | null;
  if (LOG_LEVELS.every((level) => typeof methods?.[level] === "function")) return logger as Logger;
  throw invalidOption("logger", `an object with the methods ${LOG_LEVELS.join(", ")}`, logger);
}

function checkQueues(queues: unknown): readonly string[] {
  if (!Array.isArray(queues) || queues.length === 0 || queues.length > MAX_QUEUES) {
    throw invalidOption("queues", `an array of 1 to ${MAX_QUEUES} names`, queues);
  }
  return queues.map((name) => checkQueueName(name, "consume queue"));
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
