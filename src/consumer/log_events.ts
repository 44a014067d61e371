import type { Emitter } from "../events.ts";
import { isError } from "../internal/kinds.ts";
import { showValue } from "../internal/show.ts";
import type { Job } from "../job/job.ts";
import type { ConsumerEvents } from "./events.ts";
import { attemptOf } from "./run/failure.ts";
import {
  LOG_LEVELS,
  type LogFields,
  type LoggerLike,
  type LogLevel,
  scopedLogger,
} from "./logger.ts";

/** How an event is logged. */
interface LogEntry<Name extends keyof ConsumerEvents> {
  readonly level: LogLevel;
  readonly text: string;
  fields(detail: ConsumerEvents[Name]): LogFields;
}

/** How each event is logged. */
const logEntries: { readonly [Name in keyof ConsumerEvents]: LogEntry<Name> } = {
  start: { level: "debug", text: "job begins", fields: ({ job }) => about(job) },
  done: {
    level: "debug",
    text: "job done",
    fields: ({ job, elapsedMs }) => ({ ...about(job), elapsedMs }),
  },
  fail: {
    level: "warn",
    text: "job failed",
    fields: ({ job, error, elapsedMs, next, retryAt }) => ({
      ...{ ...about(job), elapsedMs, next },
      ...retryAt !== undefined && { retryAt: retryAt.toISOString() },
      error: plain(error),
    }),
  },
  dead: {
    level: "error",
    text: "job is dead",
    fields: ({ job, error, deadLetter }) => ({
      ...about(job),
      ...deadLetter !== undefined && { deadLetter },
      error: plain(error),
    }),
  },
  dropped: {
    level: "error",
    text: "job is dropped",
    fields: ({ job, error }) => ({ ...about(job), error: plain(error) }),
  },
  discard: {
    level: "info",
    text: "job discarded",
    fields: ({ job, outcome, elapsedMs }) => ({
      ...about(job),
      elapsedMs,
      reason: outcome.message,
    }),
  },
  snooze: {
    level: "info",
    text: "job put off",
    fields: ({ job, outcome, elapsedMs }) => ({
      ...about(job),
      elapsedMs,
      seconds: outcome.seconds,
      reason: outcome.message,
    }),
  },
  requeued: {
    level: "debug",
    text: "job requeued without a run",
    fields: ({ job, reason }) => ({ ...about(job), reason }),
  },
  unreported: {
    level: "error",
    text: "the server could not be told what became of a job",
    fields: ({ job, error }) => ({ ...about(job), error: plain(error) }),
  },
  expired: {
    level: "warn",
    text: "a job's reservation ends before its handler",
    fields: ({ job }) => about(job),
  },
  fetchError: {
    level: "error",
    text: "jobs could not be fetched",
    fields: ({ error }) => ({ error: plain(error) }),
  },
  state: { level: "info", text: "consumer changes its state", fields: ({ state }) => ({ state }) },
  disconnect: {
    level: "warn",
    text: "lost the server",
    fields: ({ error, connections, retryInMs }) => ({
      error: plain(error),
      connections,
      retryInMs,
    }),
  },
  outage: {
    level: "warn",
    text: "the server is still lost",
    fields: ({ error, outageMs }) => ({ outageMs, error: plain(error) }),
  },
  reconnect: { level: "info", text: "the server is back", fields: (recovery) => ({ ...recovery }) },
  lag: {
    level: "warn",
    text: "nothing could run for a while",
    fields: ({ lagMs }) => ({ lagMs }),
  },
  clock: {
    level: "warn",
    text: "the machine's clock was set back",
    fields: ({ setBackMs }) => ({ setBackMs }),
  },
  warning: { level: "warn", text: "warning", fields: ({ code, message }) => ({ code, message }) },
  listenerError: {
    level: "error",
    text: "a listener threw",
    fields: ({ event, error }) => ({ event, error: plain(error) }),
  },
};

/** Logs the events of a consumer, from `level` on. */
export function logEvents(
  events: Emitter<ConsumerEvents>,
  { logger, level, wid }: { logger: LoggerLike; level: LogLevel; wid: string },
): void {
  const write = scopedLogger(logger, { wid });
  const least = LOG_LEVELS.indexOf(level);
  const listen = <Name extends keyof ConsumerEvents>(name: Name) => {
    const { level, text, fields }: LogEntry<Name> = logEntries[name];
    if (LOG_LEVELS.indexOf(level) < least) return;
    events.on(name, (detail) => write[level](text, fields(detail)));
  };
  for (const name of Object.keys(logEntries)) listen(name as keyof ConsumerEvents);
}

/** A job's fields. Its arguments are the user's: they are never logged. */
function about(job: Job): LogFields {
  const { jid, type, queue } = job;
  return { jid, type, queue, attempt: attemptOf(job) };
}

/** Causes of causes that are logged. */
const MAX_CAUSES = 5;

/** The properties of an error, which JSON would leave out. */
function plain(error: unknown, causes = MAX_CAUSES): unknown {
  try {
    if (!isError(error)) return { message: showValue(error) };
    const { name, message, stack, cause } = error;
    const { code } = error as { code?: unknown };
    return {
      ...{ name, ...code !== undefined && { code }, message, stack },
      ...cause !== undefined && causes > 0 && { cause: plain(cause, causes - 1) },
    };
  } catch {
    // A getter that throws, or a revoked proxy.
    return { message: "the error cannot be read" };
  }
}
