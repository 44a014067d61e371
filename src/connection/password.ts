import { AuthenticationError } from "../errors.ts";
import { formatAddress } from "../transport/failures.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/**
 * A password, or a function that returns it. The function is called before each connection is
 * opened.
 */
export type Password = string | (() => string | Promise<string>);

/**
 * Calls the function that returns the password.
 *
 * @throws {AuthenticationError} `PASSWORD_UNAVAILABLE` if the function fails, or does not return a
 * string. The error does not show the returned value.
 */
export async function askPassword(
  password: () => string | Promise<string>,
  target: ConnectTarget,
): Promise<string> {
  let result: unknown;
  try {
    result = await password();
  } catch (cause) {
    throw unavailable(target, "failed", cause);
  }
  if (typeof result !== "string") throw unavailable(target, "did not return a string");
  return result;
}

/** Returns the error for a function that took too long. */
export function passwordTookTooLong(target: ConnectTarget, ms: number): AuthenticationError {
  return unavailable(target, `took longer than ${ms} ms`);
}

/**
 * Returns the error for a URL with a user name but without a password, if the server wants a
 * password. The name is probably the password.
 */
export function onlyUsername(target: ConnectTarget): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_REQUIRED",
    `Cannot connect to ${
      formatAddress(target)
    } as the server wants a password and the URL has only a user name: ` +
      "write a colon before the password, tcp://:password@host",
  );
}

/** Returns `error`. If the server refused a password, names the URL that it came from. */
export function urlRefused(
  error: unknown,
  target: ConnectTarget,
  source: string | undefined,
): unknown {
  if (!(error instanceof AuthenticationError) || source === undefined) return error;
  return new AuthenticationError(
    error.code,
    `Cannot connect to ${formatAddress(target)} as the server refuses the password in ${source}`,
    { cause: error.cause },
  );
}

function unavailable(target: ConnectTarget, why: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_UNAVAILABLE",
    `Cannot connect to ${formatAddress(target)} as the function in the option password ${why}`,
    { cause },
  );
}
