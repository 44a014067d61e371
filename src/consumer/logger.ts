import { isThenable } from "../internal/thenable.ts";

/** The fields of a log message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes log messages: `console`, or any logger that has these five methods. */
export interface Logger {
  /** Writes a message for tracing a fault. */
  trace(message: string, fields?: LogFields): void;
  /** Writes a message for developers. */
  debug(message: string, fields?: LogFields): void;
  /** Writes that something went as it should. */
  info(message: string, fields?: LogFields): void;
  /** Writes that something went wrong and was handled. */
  warn(message: string, fields?: LogFields): void;
  /** Writes that something failed. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A logger as the option `logger` takes it. Some, such as winston and `@std/log`, have no `trace`:
 * those messages go to `debug`.
 */
export type LoggerLike = Omit<Logger, "trace"> & Partial<Pick<Logger, "trace">>;

/** The level of a message: the name of a logger's method. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** The names of a logger's methods, least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/**
 * A logger that adds `scope` to the fields of all messages. It writes nothing if there is no
 * `logger`, and never throws.
 */
export function scopedLogger(logger: LoggerLike | undefined, scope?: LogFields): Logger {
  const scoped = {} as Record<LogLevel, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    const name = level === "trace" && typeof logger?.trace !== "function" ? "debug" : level;
    scoped[level] = (message, fields) => {
      // A log that cannot be written must neither fail a job nor end the program.
      try {
        const written: unknown = scope === undefined && fields === undefined
          ? logger?.[name]?.(message)
          : logger?.[name]?.(message, { ...scope, ...fields });
        if (isThenable(written)) written.then(undefined, () => {});
      } catch {
        // The same.
      }
    };
  }
  return scoped;
}

/** A logger whose methods take the fields before the text, as pino and bunyan do. */
export interface FieldsFirstLogger {
  /** Writes a message for tracing a fault. */
  trace(fields: LogFields, message: string): void;
  /** Writes a message for developers. */
  debug(fields: LogFields, message: string): void;
  /** Writes that something went as it should. */
  info(fields: LogFields, message: string): void;
  /** Writes that something went wrong and was handled. */
  warn(fields: LogFields, message: string): void;
  /** Writes that something failed. */
  error(fields: LogFields, message: string): void;
}

/**
 * Adapts a logger that takes the fields first, such as pino or bunyan. Given the text first, those
 * would drop the fields.
 *
 * @example With pino
 * ```ts no-assert
 * import pino from "pino";
 * import { Consumer, fieldsFirst } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer({ logger: fieldsFirst(pino({ enabled: false })) });
 * console.log(consumer.wid);
 * ```
 */
export function fieldsFirst(logger: FieldsFirstLogger): Logger {
  const turned = {} as Record<LogLevel, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    turned[level] = (message, fields = {}) => logger[level](fields, message);
  }
  return turned;
}
