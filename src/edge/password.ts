import { helloRefused } from "../connection/dial_errors.ts";
import { checkGreeting, passwordHash, type UncheckedGreeting } from "../protocol/handshake.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/**
 * The code for passwords. It is passed as a value, so that a bundle without passwords does not
 * contain it.
 */
export interface Passwords {
  /**
   * Returns the proof of the password.
   *
   * @throws {VersionError} `HANDSHAKE_REFUSED` if the server requests too many hash rounds.
   */
  prove(password: string, greeting: UncheckedGreeting): string;
  /** Converts an error reply to HELLO. */
  refused(error: unknown, target: ConnectTarget): unknown;
}

/** The code for Faktory's passwords. */
export const passwords: Passwords = {
  prove(password, greeting) {
    const { salt = "", iterations = 1 } = checkGreeting(greeting);
    return passwordHash(password, salt, iterations);
  },
  refused: helloRefused,
};
