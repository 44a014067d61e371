/**
 * The errors of the package. All derive from {@linkcode FaktoryError} and have a stable `code`;
 * there is a subclass for each kind of failure that a program may handle differently. Match on the
 * class or the `code`, never on the text of the message.
 *
 * @module
 */

import type { FaktoryErrorCode } from "./error_codes.ts";

export type { FaktoryErrorCode } from "./error_codes.ts";

/** Options of a {@linkcode FaktoryError}. */
export interface FaktoryErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * The base class of all errors of this package.
 *
 * @example Handle errors by their code
 * ```ts
 * import { FaktoryError } from "@faktory-ts/faktory";
 *
 * function describe(error: unknown): string {
 *   if (!(error instanceof FaktoryError)) return "an error of the program";
 *   switch (error.code) {
 *     case "CONNECTION_REFUSED":
 *       return "is the server running?";
 *     case "NOT_UNIQUE":
 *       return "the job is enqueued already";
 *     default:
 *       return error.message;
 *   }
 * }
 * ```
 */
export class FaktoryError extends Error {
  /** The kind of failure. Codes are stable; {@linkcode FaktoryErrorCode} lists them. */
  readonly code: FaktoryErrorCode;

  /** Creates an error with this code. */
  constructor(code: FaktoryErrorCode, message: string, options: FaktoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // Subclasses set the name themselves, as bundlers shorten class names. An assignment would fail
    // if `Error.prototype` is frozen.
    Object.defineProperty(this, "name", {
      value: new.target === FaktoryError ? "FaktoryError" : new.target.name,
      ...{ configurable: true, enumerable: true, writable: true },
    });
    this.code = code;
  }
}

/**
 * An option, a URL or an environment variable cannot be used. Thrown before anything is sent.
 *
 * Codes: `INVALID_URL`, `INVALID_OPTION`, `MISSING_VARIABLE`, `MISSING_PERMISSION` (of Deno),
 * `UNSUPPORTED_RUNTIME`, `INVALID_MODULE`, `FAKE_TIMERS`; for the embedded server's data also
 * `INVALID_DATA`, `DATA_IN_USE`, `DATA_UNAVAILABLE`.
 */
export class ConfigError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "ConfigError";
}

/** A problem that a schema found, as defined by [Standard Schema](https://standardschema.dev). */
export interface SchemaIssue {
  /** The schema's description of the problem. */
  readonly message: string;
  /** The path to the invalid value: for each level a key, or an object with a key. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Options of an {@linkcode InvalidJobError}. */
export interface InvalidJobErrorOptions extends FaktoryErrorOptions {
  /** The place in the job that is invalid, for example `args[0].when`. */
  readonly path: string;
  /** The problems that the schema found in the job's arguments. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

/**
 * The server would refuse the job or silently change it, or the job does not fit the catalogue of
 * jobs. A producer throws this before anything is sent. A consumer fails a job with it if the job's
 * arguments do not fit their schema.
 *
 * Codes: `INVALID_JID`, `INVALID_TYPE`, `INVALID_ARGS`, `INVALID_QUEUE`, `INVALID_RETRY`,
 * `INVALID_AT`, `INVALID_DELAY`, `INVALID_RESERVE_FOR`, `INVALID_BACKTRACE`, `INVALID_CUSTOM`,
 * `INVALID_UNIQUE`, `INVALID_EXPIRES`, `INVALID_JOB`, `JOB_TOO_LARGE`; `SCHEMA_FAILED` if the
 * schema itself failed.
 */
export class InvalidJobError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "InvalidJobError";
  /** The place in the job that is invalid, for example `args[0].when`. */
  readonly path: string;
  /**
   * The problems that the schema of the job's type found in the arguments; `path` is the path of
   * the first. `undefined` if no schema was involved.
   */
  readonly issues: readonly SchemaIssue[] | undefined;

  /** Creates an error about the place `options.path` of a job. */
  constructor(code: FaktoryErrorCode, message: string, options: InvalidJobErrorOptions) {
    super(code, message, options);
    this.path = options.path;
    this.issues = options.issues;
  }
}

/**
 * An argument of a call, other than a job, is invalid. Thrown before anything is sent.
 *
 * Codes: `INVALID_ARGUMENT`, `INVALID_QUEUE`, `INVALID_FILTER`, `FILTER_MATCHES_ALL`.
 */
export class InvalidArgumentError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "InvalidArgumentError";
}

/**
 * A connection could not be made. Trying again may help, except after a {@linkcode VersionError}.
 *
 * Codes: `CONNECTION_REFUSED`, `HOST_NOT_FOUND`, `HOST_UNREACHABLE`, `CONNECT_TIMEOUT`,
 * `CONNECT_FAILED`, `TOO_MANY_CONNECTIONS`.
 */
export class ConnectError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name: string = "ConnectError";
}

/**
 * TLS could not be set up: the certificate cannot be verified, or the server does not speak TLS.
 *
 * Codes: `TLS_CERTIFICATE`, `TLS_FAILED`.
 */
export class TlsError extends ConnectError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "TlsError";
}

/**
 * The server wants a password and none was passed, or it refused the password, or the function that
 * returns the password failed. The first connection fails at once with this error. A connection
 * that worked before is tried again, because the password may be corrected meanwhile.
 *
 * Codes: `PASSWORD_REQUIRED`, `PASSWORD_REFUSED`, `PASSWORD_UNAVAILABLE`.
 */
export class AuthenticationError extends ConnectError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "AuthenticationError";
}

/**
 * The server speaks another version of the protocol, or asks for a handshake that is not safe to
 * make. Trying again does not help.
 *
 * Codes: `UNSUPPORTED_VERSION`, `HANDSHAKE_REFUSED`.
 */
export class VersionError extends ConnectError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "VersionError";
}

/** For a command without a reply: the server has not seen it, or may have executed it. */
export type CommandOutcome = "not-sent" | "unknown";

/** Options of a {@linkcode ConnectionLostError}. */
export interface ConnectionLostErrorOptions extends FaktoryErrorOptions {
  /** The outcome of the command. */
  readonly outcome: CommandOutcome;
}

/**
 * A command has no reply: the connection ended first, or there was none.
 *
 * Codes: `CONNECTION_LOST`, `COMMAND_TIMEOUT`, `DEADLINE_PASSED`, `CLOSE_TIMED_OUT`;
 * `TOO_MANY_WAITING` if the call was refused because too many commands wait for a connection.
 */
export class ConnectionLostError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name: string = "ConnectionLostError";
  /** `not-sent`: the server has not seen the command. `unknown`: it may have executed it. */
  readonly outcome: CommandOutcome;

  /** Creates an error for a command with the outcome `options.outcome`. */
  constructor(code: FaktoryErrorCode, message: string, options: ConnectionLostErrorOptions) {
    super(code, message, options);
    this.outcome = options.outcome;
  }
}

/**
 * The server did not reply to a command in time. The connection is closed. Code: `COMMAND_TIMEOUT`.
 */
export class TimeoutError extends ConnectionLostError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "TimeoutError";
}

/**
 * The peer does not speak the Faktory protocol, a reply is larger than allowed, or the server is
 * too old to know the command.
 *
 * Codes: `PROTOCOL_VIOLATION`, `REPLY_TOO_LARGE`, `UNEXPECTED_REPLY`, `UNSUPPORTED_COMMAND`.
 */
export class ProtocolError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "ProtocolError";
}

/**
 * The call is not possible in the object's present state, for example after `close()`.
 *
 * Codes: `CLOSED`, `ALREADY_RUNNING`, `NOT_REGISTERED`, `BATCH_COMMITTED`, `NEXT_CALLED_TWICE`,
 * `NEXT_CALLED_LATE`, `NEXT_NOT_CALLED`, `INVALID_CHOICE`, `REQUEUE_REFUSED`, `THREAD_DIED`, `ENQUEUE_ABORTED`.
 */
export class StateError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "StateError";
}

/**
 * The reason of a job's aborted `signal`, and the failure that a stopping worker reports for a job.
 *
 * Codes: `RESERVATION_EXPIRED`, `STOPPED`, `TIMED_OUT`, `CANCELLED`; `CRASHED` for a job whose
 * worker crashed.
 */
export class JobAbortedError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "JobAbortedError";
}

/**
 * The embedded server could not save a change, and has ended.
 *
 * Code: `WRITE_FAILED`.
 */
export class StoreError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "StoreError";
}

/**
 * The server replied to a command with an error. The message is the server's own text.
 *
 * Code: `SERVER_ERROR`; subclasses have their own.
 */
export class ServerError extends FaktoryError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name: string = "ServerError";
  /** The server's text, including its code word (`ERR`, `NOTUNIQUE`). */
  readonly reply: string;

  /** Creates an error from the server's reply. */
  constructor(reply: string, code: FaktoryErrorCode = "SERVER_ERROR") {
    super(code, reply);
    this.reply = reply;
  }
}

/** A unique job like this one is on the server already (Enterprise). Code: `NOT_UNIQUE`. */
export class NotUniqueError extends ServerError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "NotUniqueError";
}

/** The server has no reservation of this job, so it cannot be failed. Code: `JOB_NOT_FOUND`. */
export class JobNotFoundError extends ServerError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "JobNotFoundError";
}

/** The server does not know this worker, or has forgotten it. Code: `UNKNOWN_WORKER`. */
export class UnknownWorkerError extends ServerError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "UnknownWorkerError";
}

/** The command needs Faktory Enterprise. Code: `ENTERPRISE_ONLY`. */
export class EnterpriseOnlyError extends ServerError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "EnterpriseOnlyError";
}

/** The server is shutting down; it executes no more commands. Code: `SERVER_SHUTDOWN`. */
export class ServerShutdownError extends ServerError {
  /** The name of the class. Bundlers do not shorten it. */
  override readonly name = "ServerShutdownError";
}
