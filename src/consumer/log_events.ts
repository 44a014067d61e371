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

/** Level, text and fields of the log message for an event. */
interface EventMessage<Name extends keyof ConsumerEvents> {
  readonly level: LogLevel;
  readonly text: string;
  fields(detail: ConsumerEvents[Name]): LogFields;
}

const messages: { readonly [Name in keyof ConsumerEvents]: EventMessage<Name> } = {
  start: { level: "debug", text: "job started", fields: ({ job }) => jobFields(job) },
  done: {
    level: "debug",
    text: "job done",
    fields: ({ job, elapsedMs }) => ({ ...jobFields(job), elapsedMs }),
  },
  fail: {
    level: "warn",
    text: "job failed",
    fields: ({ job, error, elapsedMs, next, retryAt }) => ({
      ...{ ...jobFields(job), elapsedMs, next },
      ...retryAt !== undefined && { retryAt: retryAt.toISOString() },
      error: errorFields(error),
    }),
  },
  dead: {
    level: "error",
    text: "job is dead",
    fields: ({ job, error, deadLetter }) => ({
      ...jobFields(job),
      ...deadLetter !== undefined && { deadLetter },
      error: errorFields(error),
    }),
  },
  dropped: {
    level: "error",
    text: "job is dropped",
    fields: ({ job, error }) => ({ ...jobFields(job), error: errorFields(error) }),
  },
  discard: {
    level: "info",
    text: "job discarded",
    fields: ({ job, outcome, elapsedMs }) => ({
      ...jobFields(job),
      elapsedMs,
      reason: outcome.message,
    }),
  },
  snooze: {
    level: "info",
    text: "job snoozed",
    fields: ({ job, outcome, elapsedMs }) => ({
      ...jobFields(job),
      elapsedMs,
      seconds: outcome.seconds,
      reason: outcome.message,
    }),
  },
  requeued: {
    level: "debug",
    text: "job requeued without a run",
    fields: ({ job, reason }) => ({ ...jobFields(job), reason }),
  },
  unreported: {
    level: "error",
    text: "the result of a job could not be reported",
    fields: ({ job, error }) => ({ ...jobFields(job), error: errorFields(error) }),
  },
  expired: {
    level: "warn",
    text: "the reservation of a job ended before its handler",
    fields: ({ job }) => jobFields(job),
  },
  fetchError: {
    level: "error",
    text: "jobs could not be fetched",
    fields: ({ error }) => ({ error: errorFields(error) }),
  },
  state: { level: "info", text: "consumer state changed", fields: ({ state }) => ({ state }) },
  disconnect: {
    level: "warn",
    text: "connection to the server lost",
    fields: ({ error, connections, retryInMs }) => ({
      error: errorFields(error),
      connections,
      retryInMs,
    }),
  },
  outage: {
    level: "warn",
    text: "still not connected to the server",
    fields: ({ error, outageMs }) => ({ outageMs, error: errorFields(error) }),
  },
  reconnect: {
    level: "info",
    text: "reconnected to the server",
    fields: (recovery) => ({ ...recovery }),
  },
  lag: {
    level: "warn",
    text: "the event loop was blocked",
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
    fields: ({ event, error }) => ({ event, error: errorFields(error) }),
  },
};

/** Logs the events of a consumer whose level is at least `level`. */
export function logEvents(
  events: Emitter<ConsumerEvents>,
  { logger, level, wid }: { logger: LoggerLike; level: LogLevel; wid: string },
): void {
  const write = scopedLogger(logger, { wid });
  const lowest = LOG_LEVELS.indexOf(level);
  const listen = <Name extends keyof ConsumerEvents>(name: Name) => {
    const { level, text, fields }: EventMessage<Name> = messages[name];
    if (LOG_LEVELS.indexOf(level) < lowest) return;
    events.on(name, (detail) => write[level](text, fields(detail)));
  };
  for (const name of Object.keys(messages)) listen(name as keyof ConsumerEvents);
}

/** Returns the log fields of a job. Arguments may be confidential and are never logged. */
function jobFields(job: Job): LogFields {
  const { jid, type, queue } = job;
  return { jid, type, queue, attempt: attemptOf(job) };
}

/** Maximum depth of nested causes in a log message. */
const MAX_CAUSES = 5;

/** Returns the properties of an error, which `JSON.stringify` would omit. */
function errorFields(error: unknown, causes = MAX_CAUSES): unknown {
  try {
    if (!isError(error)) return { message: showValue(error) };
    const { name, message, stack, cause } = error;
    const { code } = error as { code?: unknown };
    return {
      ...{ name, ...code !== undefined && { code }, message, stack },
      ...cause !== undefined && causes > 0 && { cause: errorFields(cause, causes - 1) },
    };
  } catch {
    // A getter threw, or the error is a revoked proxy.
    return { message: "the error cannot be read" };
  }
}
