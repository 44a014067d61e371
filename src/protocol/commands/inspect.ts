import { type FaktoryErrorCode, InvalidArgumentError } from "../../errors.ts";
import { type Command, parseObject } from "./command.ts";

/**
 * INSPECT: lists and changes jobs, on embedded servers alone. Gives `undefined` where the server
 * does not know it: any other error is in the reply's JSON.
 */
export function inspect(request: object): Command<{ readonly result: unknown } | undefined> {
  return {
    verb: "INSPECT",
    payload: JSON.stringify(request),
    resend: "safe",
    parse(reply) {
      if (reply.kind === "error") return undefined;
      const { result, error } = parseObject(reply) as { result?: unknown; error?: InspectError };
      if (error === undefined) return { result };
      throw new InvalidArgumentError(error.code, error.message);
    },
  };
}

interface InspectError {
  readonly code: FaktoryErrorCode;
  readonly message: string;
}
