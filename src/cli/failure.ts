import { CommanderError } from "commander";
import {
  AuthenticationError,
  ConfigError,
  ConnectError,
  ConnectionLostError,
  FaktoryError,
  InvalidArgumentError,
  InvalidJobError,
  ProtocolError,
  ServerError,
  StoreError,
  VersionError,
} from "../errors.ts";
import { Interruption } from "./io.ts";
import { Status } from "./status.ts";
import { printable } from "./text.ts";

/** The error of a command that cannot do its task. */
export class CliError extends Error {
  /** See {@linkcode Status}. */
  readonly status: number;
  /** Advice on fixing it. */
  readonly hint: string;

  constructor(status: number, message: string, hint: string) {
    super(message);
    this.name = "CliError";
    this.status = status;
    this.hint = hint;
  }
}

/** The end of a failed command. */
export interface Failure {
  readonly status: number;
  /** One line of output without its line break. `undefined` for no output. */
  readonly line: string | undefined;
}

/** An error's message, how to fix it, and the exit status. */
export interface Explanation {
  readonly status: number;
  readonly message: string;
  readonly hint: string;
}

/** Exit status by error class. The first matching class counts. */
const STATUSES = [
  [AuthenticationError, Status.permission],
  [VersionError, Status.protocol],
  [ConnectError, Status.unavailable],
  [ConnectionLostError, Status.unavailable],
  [ProtocolError, Status.protocol],
  [ServerError, Status.protocol],
  [ConfigError, Status.usage],
  [InvalidArgumentError, Status.usage],
  [InvalidJobError, Status.data],
  [StoreError, Status.io],
] as const;

/** Exit status by error code, where the class is too general. */
const STATUSES_BY_CODE: Readonly<Record<string, number>> = {
  INVALID_DATA: Status.data,
  DATA_IN_USE: Status.unavailable,
  DATA_UNAVAILABLE: Status.io,
  UNSUPPORTED_RUNTIME: Status.unavailable,
  MISSING_PERMISSION: Status.permission,
};

const WHERE = "set the address with --url or FAKTORY_URL";
const URL_FORM = "use the form tcp://HOST:PORT, or tcp+tls://HOST:PORT for TLS";
const PASSWORD = "set FAKTORY_PASSWORD";

const PERMIT = "deno run -A permits everything";

/** Hints by error code. */
const HINTS: Readonly<Record<string, string>> = {
  CONNECTION_REFUSED: `start a server (faktory serve), or ${WHERE}`,
  HOST_NOT_FOUND: `check the name, or ${WHERE}`,
  HOST_UNREACHABLE: `check the network, or ${WHERE}`,
  CONNECT_TIMEOUT: `check that a Faktory server runs there, or ${WHERE}, or raise --timeout`,
  CONNECT_FAILED: "check that it is a Faktory server, and whether it uses TLS",
  TOO_MANY_CONNECTIONS: "close some of them, or try again later",
  TLS_CERTIFICATE: "pass the certificate of its authority with --ca",
  TLS_FAILED: "use tcp:// if the server has no TLS",
  PASSWORD_REQUIRED: PASSWORD,
  PASSWORD_REFUSED:
    "correct it in --password, in the URL or in FAKTORY_PASSWORD; the first of these is used",
  INVALID_URL: URL_FORM,
  MISSING_PERMISSION: PERMIT,
  MISSING_VARIABLE: "set it, or unset FAKTORY_PROVIDER",
  UNSUPPORTED_VERSION: "use a version of this package that matches the server's",
  HANDSHAKE_REFUSED: `check that it is a Faktory server, or ${WHERE}`,
  PROTOCOL_VIOLATION: `check that it is a Faktory server, or ${WHERE}`,
  UNEXPECTED_REPLY: `check that it is a Faktory server, or ${WHERE}`,
  UNSUPPORTED_COMMAND: "update the server",
  CONNECTION_LOST: "try again, and check that the server runs",
  COMMAND_TIMEOUT: "try again, or raise --timeout",
  FILTER_MATCHES_ALL: "add --all to select every job",
  INVALID_DATA: "use another folder or, if this one is damaged, restore it from a backup",
  DATA_UNAVAILABLE: "check that the disk has space and is writable; the folder was not changed",
  DATA_IN_USE: "stop the other server, or use another folder",
  UNSUPPORTED_RUNTIME: "use another runtime, or leave the option out",
  WRITE_FAILED: "check that the disk has space and the files are in place, then start again",
};

/**
 * Returns the output and exit status for an error. `help` is the hint if there is no better one.
 */
export function failureOf(error: unknown, help: string): Failure {
  if (error instanceof Interruption) return { status: error.status, line: undefined };
  if (error instanceof CommanderError) return usageFailure(error, help);
  const { status, message, hint } = explain(error, help);
  return failure(status, message, hint);
}

/**
 * Explains an error that is neither an interruption nor a usage error. `help` is the hint if there
 * is no better one.
 */
export function explain(error: unknown, help: string): Explanation {
  if (error instanceof CliError) return error;
  if (error instanceof FaktoryError) {
    const status = STATUSES_BY_CODE[error.code] ??
      STATUSES.find(([kind]) => error instanceof kind)?.[1] ?? Status.internal;
    const prefix = error instanceof ServerError ? "Refused by the server: " : "";
    return { status, message: prefix + error.message, hint: HINTS[error.code] ?? help };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === "NotCapable") {
    const text = `Cannot continue as Deno denies permission: ${message}`;
    return { status: Status.permission, message: text, hint: PERMIT };
  }
  return {
    status: Status.internal,
    message: `Internal error: ${name}: ${message}`,
    hint: "please report it",
  };
}

/** Handles errors of the parser. Help and version end with an error too, but without output. */
function usageFailure({ code, exitCode, message }: CommanderError, help: string): Failure {
  if (exitCode === 0) return { status: Status.ok, line: undefined };
  if (code === "commander.help") {
    return failure(Status.usage, "Cannot run as no command was given", help);
  }
  const [first = "", ...suggestions] = message.replace(/^error: /, "").split("\n");
  // An unknown flag is quoted with its value, which may be a password.
  const what = code === "commander.unknownOption" ? first.replace(/=.*/s, "'") : first;
  const meant = suggestions.join(" ").match(/\(Did you mean (.+)\?\)/)?.[1];
  return failure(
    Status.usage,
    what,
    meant === undefined ? help : `did you mean ${meant}?`,
  );
}

function failure(status: number, message: string, hint: string): Failure {
  return { status, line: `faktory: ${printable(`${message.replace(/\.$/, "")}; ${hint}`)}` };
}
