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

/** The names of a logger's methods, least important first. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

/** A logger that adds `scope` to the fields of all its messages; without `logger` it says nothing. It never throws. */
export function scopedLogger(logger: Logger | undefined, scope?: LogFields): Logger {
  const scoped = {} as Record<(typeof LOG_LEVELS)[number], Logger["info"]>;
  for (const level of LOG_LEVELS) {
    scoped[level] = (message, fields) => {
      // A log that cannot be written must not fail a job, nor end the program.
      try {
        const written: unknown = scope === undefined && fields === undefined
          ? logger?.[level](message)
          : logger?.[level](message, { ...scope, ...fields });
        if (written instanceof Promise) written.catch(() => {});
      } catch {
        // The same.
      }
    };
  }
  return scoped;
}
