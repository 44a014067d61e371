import { LOG_LEVELS, type LogFields, type Logger } from "../consumer/logger.ts";

/** What a handler said by its `context.log`. */
export interface LogEntry {
  /** How important it is. */
  readonly level: keyof Logger;
  /** Its text. */
  readonly message: string;
  /** Its fields, the job's `jid`, `type`, `queue` and `attempt` included. */
  readonly fields: LogFields;
}

/** A logger that keeps what it is told. */
export function recordingLogger(entries: LogEntry[]): Logger {
  const logger = {} as Record<keyof Logger, Logger["info"]>;
  for (const level of LOG_LEVELS) {
    logger[level] = (message, fields = {}) => void entries.push({ level, message, fields });
  }
  return logger;
}
