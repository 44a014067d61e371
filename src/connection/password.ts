import { AuthenticationError } from "../errors.ts";
import { placeOf } from "../transport/failures.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/** A password, or a function that gives it, which is called before each connection is made. */
export type Password = string | (() => string | Promise<string>);

/**
 * Asks for the password to connect with.
 *
 * @throws {AuthenticationError} `PASSWORD_UNAVAILABLE` if the function fails, or gives no text.
 * What it gave is not shown.
 */
export async function askPassword(
  password: () => string | Promise<string>,
  target: ConnectTarget,
): Promise<string> {
  let given: unknown;
  try {
    given = await password();
  } catch (cause) {
    throw unavailable(target, "failed", cause);
  }
  if (typeof given !== "string") throw unavailable(target, "gave no text");
  return given;
}

/** The function has not given a password in time. */
export function passwordTookTooLong(target: ConnectTarget, ms: number): AuthenticationError {
  return unavailable(target, `took longer than ${ms} ms`);
}

/**
 * The server wants a password, and the URL has a user name alone: likely the password, in the place
 * of the name.
 */
export function onlyUsername(target: ConnectTarget): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_REQUIRED",
    `Cannot connect to ${
      placeOf(target)
    } as the server wants a password and the URL has a user name only: ` +
      "a password follows a colon, tcp://:password@host",
  );
}

/** `error`; if the server refuses a password, it says from which URL that came. */
export function urlRefused(
  error: unknown,
  target: ConnectTarget,
  source: string | undefined,
): unknown {
  if (!(error instanceof AuthenticationError) || source === undefined) return error;
  return new AuthenticationError(
    error.code,
    `Cannot connect to ${placeOf(target)} as the server refuses the password in ${source}`,
    { cause: error.cause },
  );
}

function unavailable(target: ConnectTarget, why: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_UNAVAILABLE",
    `Cannot connect to ${placeOf(target)} as the function given as the option password ${why}`,
    { cause },
  );
}
