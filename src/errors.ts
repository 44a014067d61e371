/**
 * Every error of the package: one base class, {@linkcode FaktoryError}, with a stable `code`, and a
 * subclass for each thing a program may want to tell apart. Match on the class or the `code`, never
 * on the message's text.
 *
 * @module
 */

/** Options of every error here. */
export interface FaktoryErrorOptions {
  /** What led to this error, where something did. */
  readonly cause?: unknown;
}

/**
 * The base of all errors that this package rejects with.
 *
 * @example Telling errors apart
 * ```ts
 * import { FaktoryError } from "@faktory-ts/faktory";
 *
 * function describe(error: unknown): string {
 *   return error instanceof FaktoryError ? error.code : "not ours";
 * }
 * ```
 */
export class FaktoryError extends Error {
  /** What went wrong, as a stable name in capitals, for example `CONNECTION_REFUSED`. */
  readonly code: string;

  /** Makes an error of this code; `options.cause` is what led to it. */
  constructor(code: string, message: string, options: FaktoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // Bundlers shorten the names of classes. Defined, as an assignment fails if `Error.prototype`
    // is frozen.
    Object.defineProperty(this, "name", {
      value: new.target === FaktoryError ? "FaktoryError" : new.target.name,
      ...{ configurable: true, enumerable: true, writable: true },
    });
    this.code = code;
  }
}

/**
 * An option, a URL or an environment variable that cannot be used, found before anything is sent.
 *
 * Codes: `INVALID_URL`, `INVALID_OPTION`, `MISSING_VARIABLE`, `MISSING_PERMISSION` (of Deno),
 * `UNSUPPORTED_RUNTIME`, `INVALID_MODULE`, `FAKE_TIMERS`; of the embedded server's data also
 * `INVALID_DATA`, `DATA_IN_USE`, `DATA_UNAVAILABLE`.
 */
export class ConfigError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "ConfigError";
}

/** What a schema found wrong, as [Standard Schema](https://standardschema.dev) has it. */
export interface SchemaIssue {
  /** What is wrong, in the schema's words. */
  readonly message: string;
  /** The way to it, a key or an object with a key a step. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Options of an {@linkcode InvalidJobError}. */
export interface InvalidJobErrorOptions extends FaktoryErrorOptions {
  /** Where in the job it is, for example `args[0].when`. */
  readonly path: string;
  /** What a schema found wrong with the job's arguments. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

/**
 * A job that the server would refuse or silently change, or that does not fit the catalogue of
 * jobs. A producer finds that before anything is sent; a consumer fails a job whose arguments do
 * not fit.
 *
 * Codes: `INVALID_JID`, `INVALID_TYPE`, `INVALID_ARGS`, `INVALID_QUEUE`, `INVALID_RETRY`,
 * `INVALID_AT`, `INVALID_RESERVE_FOR`, `INVALID_BACKTRACE`, `INVALID_CUSTOM`, `INVALID_JOB`,
 * `JOB_TOO_LARGE`; `SCHEMA_FAILED` where a schema itself failed.
 */
export class InvalidJobError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "InvalidJobError";
  /** Where in the job it is, for example `args[0].when`. */
  readonly path: string;
  /**
   * What the schema of the job's type found wrong with its arguments, where it was one; `path` is
   * that of the first.
   */
  readonly issues: readonly SchemaIssue[] | undefined;

  /** Makes an error about the place `options.path` of a job. */
  constructor(code: string, message: string, options: InvalidJobErrorOptions) {
    super(code, message, options);
    this.path = options.path;
    this.issues = options.issues;
  }
}

/**
 * An argument of a call, other than a job, that cannot be used, found before anything is sent.
 *
 * Codes: `INVALID_ARGUMENT`, `INVALID_QUEUE`, `INVALID_FILTER`, `FILTER_MATCHES_ALL`.
 */
export class InvalidArgumentError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "InvalidArgumentError";
}

/**
 * A connection could not be made. All but its final subclasses are worth another try.
 *
 * Codes: `CONNECTION_REFUSED`, `HOST_NOT_FOUND`, `HOST_UNREACHABLE`, `CONNECT_TIMEOUT`,
 * `CONNECT_FAILED`, `TOO_MANY_CONNECTIONS`.
 */
export class ConnectError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name: string = "ConnectError";
}

/**
 * TLS could not be set up: a certificate that does not verify, or a peer that does not speak TLS.
 *
 * Codes: `TLS_CERTIFICATE`, `TLS_FAILED`.
 */
export class TlsError extends ConnectError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "TlsError";
}

/**
 * The server wants a password that was not given, or refuses the one given; or the function that is
 * to give it failed. A first connection fails with it at once. One that was there before is tried
 * again, as the password may be put right.
 *
 * Codes: `PASSWORD_REQUIRED`, `PASSWORD_REFUSED`, `PASSWORD_UNAVAILABLE`.
 */
export class AuthenticationError extends ConnectError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "AuthenticationError";
}

/**
 * The server speaks another version of the protocol, or a handshake that asks for the unreasonable.
 * Final: trying again cannot help.
 *
 * Codes: `UNSUPPORTED_VERSION`, `HANDSHAKE_REFUSED`.
 */
export class VersionError extends ConnectError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "VersionError";
}

/** What is known of a command whose reply did not come. */
export type CommandOutcome = "not-sent" | "unknown";

/** Options of a {@linkcode ConnectionLostError}. */
export interface ConnectionLostErrorOptions extends FaktoryErrorOptions {
  /** Whether the command can have reached the server. */
  readonly outcome: CommandOutcome;
}

/**
 * A connection ended before the reply of a command came.
 *
 * Codes: `CONNECTION_LOST`, `COMMAND_TIMEOUT`, `DEADLINE_PASSED`; `TOO_MANY_WAITING` where it was
 * not begun with, as too many wait for a connection already.
 */
export class ConnectionLostError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name: string = "ConnectionLostError";
  /** `not-sent`: the server cannot have seen the command; `unknown`: it may have carried it out. */
  readonly outcome: CommandOutcome;

  /** Makes an error for a command with the outcome `options.outcome`. */
  constructor(code: string, message: string, options: ConnectionLostErrorOptions) {
    super(code, message, options);
    this.outcome = options.outcome;
  }
}

/**
 * The server did not answer a command in time; the connection that it was on is closed. Code:
 * `COMMAND_TIMEOUT`.
 */
export class TimeoutError extends ConnectionLostError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "TimeoutError";
}

/**
 * What the peer sent is not the Faktory protocol, or is larger than allowed; or the server is too
 * old to know the command.
 *
 * Codes: `PROTOCOL_VIOLATION`, `REPLY_TOO_LARGE`, `UNEXPECTED_REPLY`, `UNSUPPORTED_COMMAND`.
 */
export class ProtocolError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "ProtocolError";
}

/**
 * The producer or consumer is closed, or in a state in which this call makes no sense.
 *
 * Codes: `CLOSED`, `ALREADY_RUNNING`, `NOT_REGISTERED`, `BATCH_COMMITTED`, `NEXT_CALLED_TWICE`,
 * `NEXT_CALLED_LATE`, `NEXT_NOT_CALLED`, `INVALID_CHOICE`, `NOT_RUN`, `THREAD_DIED`, `CALLED_OFF`.
 */
export class StateError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "StateError";
}

/**
 * Why a job's `signal` was aborted, or why it was given back.
 *
 * Codes: `RESERVATION_EXPIRED`, `STOPPED`, `TIMED_OUT`, `CANCELLED`; `CRASHED` for a job that was
 * given back as its worker crashed.
 */
export class JobAbortedError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "JobAbortedError";
}

/**
 * The embedded server could not save what changed, and has ended.
 *
 * Code: `WRITE_FAILED`.
 */
export class StoreError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "StoreError";
}

/**
 * The server's refusal of a command, in its own words.
 *
 * Code: `SERVER_ERROR`; subclasses have their own.
 */
export class ServerError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name: string = "ServerError";
  /** What the server said, its own code word (`ERR`, `NOTUNIQUE`) included. */
  readonly reply: string;

  /** Makes an error of what the server replied. */
  constructor(reply: string, code = "SERVER_ERROR") {
    super(code, reply);
    this.reply = reply;
  }
}

/** A unique job (Enterprise) is already there. Code: `NOT_UNIQUE`. */
export class NotUniqueError extends ServerError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "NotUniqueError";
}

/** The server knows no reservation of this job, so it cannot be failed. Code: `JOB_NOT_FOUND`. */
export class JobNotFoundError extends ServerError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "JobNotFoundError";
}

/** The server has forgotten this worker, or never knew it. Code: `UNKNOWN_WORKER`. */
export class UnknownWorkerError extends ServerError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "UnknownWorkerError";
}

/** The command needs Faktory Enterprise. Code: `ENTERPRISE_ONLY`. */
export class EnterpriseOnlyError extends ServerError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "EnterpriseOnlyError";
}

/** The server is shutting down; the connection is of no more use. Code: `SERVER_SHUTDOWN`. */
export class ServerShutdownError extends ServerError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "ServerShutdownError";
}
