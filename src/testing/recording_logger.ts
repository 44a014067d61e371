import { LOG_LEVELS, type LogFields, type Logger } from "../consumer/logger.ts";

/** A message that a handler wrote with `context.log`. */
export interface LogEntry {
  /** The log level. */
  readonly level: keyof Logger;
  /** The text. */
  readonly message: string;
  /** The fields, including the job's `jid`, `type`, `queue` and `attempt`. */
  readonly fields: LogFields;
}

/** Creates a logger that records its messages. */
export function recordingLogger(entries: LogEntry[]): Logger {
  const logger = {} as Record<keyof Logger, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    logger[level] = (message, fields = {}) => void entries.push({ level, message, fields });
  }
  return logger;
}
