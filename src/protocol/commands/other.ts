import { InvalidArgumentError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";
import type { Command, Resend } from "./command.ts";
import { unexpected } from "./command.ts";

/** Options of `Producer.command`. */
export interface CommandOptions {
  /**
   * What to do if the connection is lost before the reply came, so that it is unknown whether the
   * server executed the command:
   *
   * - `never`: reject with a `ConnectionLostError` whose `outcome` is `unknown`;
   * - `once`: send it again, unless the producer's `delivery` is `at-most-once`. The server may
   *   execute it twice;
   * - `safe`: send it again in any case, as executing it twice does no harm.
   *
   * A command that was not sent yet is sent on the next connection in any case.
   *
   * @default "never"
   */
  readonly resend?: "never" | "once" | "safe" | undefined;
}

/** They begin or end a connection, or reserve a job that a producer has no handler for. */
const RESERVED: readonly string[] = ["HELLO", "END", "FETCH"];

/**
 * A command that this package does not know, of a fork or a plugin of the server: gives its reply
 * as a text, `null` for nil.
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
  if (RESERVED.includes(verb)) throw refused(`${verb} is for the package itself`);
  if (typeof payload !== "string" || /[\r\n]/.test(payload)) {
    // Not shown: it may be a job.
    throw refused("its payload is not a text on one line");
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
