import { isThenable } from "../internal/thenable.ts";

/** The fields of a log message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A logger: `console`, or any object with these five methods. */
export interface Logger {
  /** Logs a message for debugging in detail. */
  trace(message: string, fields?: LogFields): void;
  /** Logs a message for developers. */
  debug(message: string, fields?: LogFields): void;
  /** Logs a normal event. */
  info(message: string, fields?: LogFields): void;
  /** Logs a problem that was handled. */
  warn(message: string, fields?: LogFields): void;
  /** Logs a failure. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A logger as the option `logger` accepts it. Some loggers, such as winston and `@std/log`, have no
 * `trace`: messages of that level go to `debug`.
 */
export type LoggerLike = Omit<Logger, "trace"> & Partial<Pick<Logger, "trace">>;

/** The level of a message: the name of a logger's method. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** The names of a logger's methods, least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/**
 * Creates a logger that adds `scope` to the fields of all messages. It does nothing without a
 * `logger`, and never throws.
 */
export function scopedLogger(logger: LoggerLike | undefined, scope?: LogFields): Logger {
  const scoped = {} as Record<LogLevel, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    const name = level === "trace" && typeof logger?.trace !== "function" ? "debug" : level;
    scoped[level] = (message, fields) => {
      // An error while logging must neither fail a job nor end the program.
      try {
        const result: unknown = scope === undefined && fields === undefined
          ? logger?.[name]?.(message)
          : logger?.[name]?.(message, { ...scope, ...fields });
        if (isThenable(result)) result.then(undefined, () => {});
      } catch {
        // See above.
      }
    };
  }
  return scoped;
}

/** A logger whose methods take the fields before the text, such as pino and bunyan. */
export interface FieldsFirstLogger {
  /** Logs a message for debugging in detail. */
  trace(fields: LogFields, message: string): void;
  /** Logs a message for developers. */
  debug(fields: LogFields, message: string): void;
  /** Logs a normal event. */
  info(fields: LogFields, message: string): void;
  /** Logs a problem that was handled. */
  warn(fields: LogFields, message: string): void;
  /** Logs a failure. */
  error(fields: LogFields, message: string): void;
}

/**
 * Adapts a logger that takes the fields first, such as pino or bunyan. These loggers drop the
 * fields if the text comes first.
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
  const adapted = {} as Record<LogLevel, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    adapted[level] = (message, fields = {}) => logger[level](fields, message);
  }
  return adapted;
}
