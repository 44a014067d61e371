import { InvalidArgumentError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";
import type { Command, Resend } from "./command.ts";
import { unexpected } from "./command.ts";

/** Options of `Producer.command`. */
export interface CommandOptions {
  /**
   * Treatment of the command if the connection is lost before the reply, when the server may have
   * executed it:
   *
   * - `never`: rejects with a `ConnectionLostError` whose `outcome` is `unknown`.
   * - `once`: sends the command again, unless the producer's `delivery` is `at-most-once`. The
   *   server may execute it twice.
   * - `safe`: always sends the command again. Use this if executing it twice does no harm.
   *
   * A command that was not sent yet is always sent on the next connection.
   *
   * @default "never"
   */
  readonly resend?: "never" | "once" | "safe" | undefined;
}

/**
 * These commands open or close a connection, or reserve a job, for which a producer has no handler.
 */
const RESERVED: readonly string[] = ["HELLO", "END", "FETCH"];

/**
 * A command that this package does not know, of a fork or a plugin of the server. Returns the reply
 * as text, or `null` for nil.
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT`.
 */
export function otherCommand(
  verb: string,
  payload: string,
  resend: Resend = "never",
): Command<string | null> {
  if (typeof verb !== "string" || !/^[a-z][a-z0-9_.:-]*$/i.test(verb)) {
    throw refused(`its verb is not one word: got ${showValue(verb)}`);
  }
  if (RESERVED.includes(verb)) throw refused(`only the package itself may send ${verb}`);
  if (typeof payload !== "string" || /[\r\n]/.test(payload)) {
    // The payload is not shown, because it may be a job.
    throw refused("its payload is not a string of one line");
  }
  if (resend !== "never" && resend !== "once" && resend !== "safe") {
    throw refused(`resend is not "never", "once" or "safe": got ${showValue(resend)}`);
  }
  return {
    verb,
    payload,
    resend,
    parse(reply) {
      if (reply.kind === "error") throw unexpected(reply, "a text");
      return reply.kind === "integer" ? String(reply.value) : reply.text;
    },
  };
}

function refused(reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot send the command as ${reason}`);
}
