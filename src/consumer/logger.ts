/** Whatever a log message is about, beside its text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log messages go: `console`, or any logger that has these five methods. */
export interface Logger {
  /** Says what only matters when something is being looked for. */
  trace(message: string, fields?: LogFields): void;
  /** Says what only matters to who works on the program. */
  debug(message: string, fields?: LogFields): void;
  /** Says that something went as it should. */
  info(message: string, fields?: LogFields): void;
  /** Says that something did not, and that it was dealt with. */
  warn(message: string, fields?: LogFields): void;
  /** Says that something failed. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A logger as the option `logger` takes it: many have no `trace`, as winston and `@std/log`, and what is to go there goes to their
 * `debug`.
 */
export type LoggerLike = Omit<Logger, "trace"> & Partial<Pick<Logger, "trace">>;

/** How much a message matters: the name of a logger's method. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** The names of a logger's methods, least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** A logger that adds `scope` to the fields of all its messages; without `logger` it says nothing. It never throws. */
export function scopedLogger(logger: LoggerLike | undefined, scope?: LogFields): Logger {
  const scoped = {} as Record<LogLevel, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    const name = level === "trace" && typeof logger?.trace !== "function" ? "debug" : level;
    scoped[level] = (message, fields) => {
      // A log that cannot be written must not fail a job, nor end the program.
      try {
        const written: unknown = scope === undefined && fields === undefined
          ? logger?.[name]?.(message)
          : logger?.[name]?.(message, { ...scope, ...fields });
        if (written instanceof Promise) written.catch(() => {});
      } catch {
        // The same.
      }
    };
  }
  return scoped;
}

/** A logger whose methods take the fields before the text, as pino and bunyan do. */
export interface FieldsFirstLogger {
  /** Says what only matters when something is being looked for. */
  trace(fields: LogFields, message: string): void;
  /** Says what only matters to who works on the program. */
  debug(fields: LogFields, message: string): void;
  /** Says that something went as it should. */
  info(fields: LogFields, message: string): void;
  /** Says that something did not, and that it was dealt with. */
  warn(fields: LogFields, message: string): void;
  /** Says that something failed. */
  error(fields: LogFields, message: string): void;
}

/**
 * Makes a {@linkcode Logger} of one that takes the fields first, as pino and bunyan do: given the text first, they would drop
 * the fields.
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
