import type { FaktoryErrorCode } from "../error_codes.ts";
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
const MEANINGS: readonly [prefix: string, type: typeof ServerError, code: FaktoryErrorCode][] = [
  ["notuniq", NotUniqueError, "NOT_UNIQUE"],
  ["shutdown", ServerShutdownError, "SERVER_SHUTDOWN"],
  ["err shutdown in progress", ServerShutdownError, "SERVER_SHUTDOWN"],
  ["err redis: client is closed", ServerShutdownError, "SERVER_SHUTDOWN"],
  ["err job not found", JobNotFoundError, "JOB_NOT_FOUND"],
  ["err unknown worker", UnknownWorkerError, "UNKNOWN_WORKER"],
  ["err queue: parsing time", ServerError, LATENCY_UNKNOWN],
  ["err batch subsystem is only", EnterpriseOnlyError, "ENTERPRISE_ONLY"],
  ["err tracking subsystem is only", EnterpriseOnlyError, "ENTERPRISE_ONLY"],
];

/**
 * Error texts of a server whose store failed. The command may have been executed. Faktory answers
 * with the first one if Redis did not answer in time, for example after a pause of five seconds;
 * the embedded server with the second one if it cannot write to its disk.
 */
const STORE_FAILURE = /context deadline exceeded$|^err cannot save the/;

/** Returns the error for an error reply. Its message is the server's text. */
export function serverError(reply: string): ServerError {
  const text = reply.toLowerCase();
  if (STORE_FAILURE.test(text)) return new ServerError(reply, "STORE_FAILED");
  const [, type = ServerError, code] = MEANINGS.find(([prefix]) => text.startsWith(prefix)) ?? [];
  return new type(reply, code);
}
