import { type FaktoryErrorCode, InvalidArgumentError } from "../../errors.ts";
import { type Command, parseObject } from "./command.ts";

/**
 * INSPECT: lists and changes jobs, only on the embedded server. Returns `undefined` if the server
 * does not know the command; other errors are in the JSON of the reply.
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
