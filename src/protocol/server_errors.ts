import {
  EnterpriseOnlyError,
  JobNotFoundError,
  NotUniqueError,
  ServerError,
  ServerShutdownError,
  UnknownWorkerError,
} from "../errors.ts";

/** The code for a reply to QUEUE LATENCY if the oldest job of a queue has no enqueue time. */
export const LATENCY_UNKNOWN = "LATENCY_UNKNOWN";

/** The errors for known replies, by the start of their text in lower case. */
const MEANINGS: readonly [prefix: string, make: (reply: string) => ServerError][] = [
  ["notuniq", (reply) => new NotUniqueError(reply, "NOT_UNIQUE")],
  ["shutdown", (reply) => new ServerShutdownError(reply, "SERVER_SHUTDOWN")],
  ["err shutdown in progress", (reply) => new ServerShutdownError(reply, "SERVER_SHUTDOWN")],
  ["err redis: client is closed", (reply) => new ServerShutdownError(reply, "SERVER_SHUTDOWN")],
  ["err job not found", (reply) => new JobNotFoundError(reply, "JOB_NOT_FOUND")],
  ["err unknown worker", (reply) => new UnknownWorkerError(reply, "UNKNOWN_WORKER")],
  ["err queue: parsing time", (reply) => new ServerError(reply, LATENCY_UNKNOWN)],
  ["err batch subsystem is only", (reply) => new EnterpriseOnlyError(reply, "ENTERPRISE_ONLY")],
  ["err tracking subsystem is only", (reply) => new EnterpriseOnlyError(reply, "ENTERPRISE_ONLY")],
];

/**
 * The end of the server's error texts if its store (Redis) did not answer it in time. The command
 * may have been executed. A server that was paused for five seconds answers so to the commands that
 * were in flight.
 */
const STORE_TIMEOUT = "context deadline exceeded";

/** Returns the error for an error reply. Its message is the server's text. */
export function serverError(reply: string): ServerError {
  const text = reply.toLowerCase();
  if (text.endsWith(STORE_TIMEOUT)) return new ServerError(reply, "STORE_TIMED_OUT");
  const meaning = MEANINGS.find(([prefix]) => text.startsWith(prefix));
  return meaning === undefined ? new ServerError(reply) : meaning[1](reply);
}
