import { helloRefused } from "../connection/dial_errors.ts";
import { checkGreeting, passwordHash, type UncheckedGreeting } from "../protocol/handshake.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/** All that a password takes. A value, so that a bundle without passwords does not have it. */
export interface Passwords {
  /**
   * Proves the password.
   *
   * @throws {VersionError} `HANDSHAKE_REFUSED` if the server asks for the unreasonable.
   */
  prove(password: string, greeting: UncheckedGreeting): string;
  /** What the refusal of HELLO means. */
  refused(error: unknown, target: ConnectTarget): unknown;
}

/** The passwords of Faktory. */
export const passwords: Passwords = {
  prove(password, greeting) {
    const { salt = "", iterations = 1 } = checkGreeting(greeting);
    return passwordHash(password, salt, iterations);
  },
  refused: helloRefused,
};
