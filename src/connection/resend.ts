import type { Delivery } from "./reconnect_options.ts";
import type { Request } from "./request.ts";

/** Requests that were in flight when a connection ended. */
export interface InFlight {
  /** Requests that are sent again; marked as such. */
  readonly again: Request[];
  /** Requests that must not be sent twice: the server may have executed them. */
  readonly unknown: Request[];
}

/** Sorts the unanswered requests of a connection by what their commands allow. */
export function sortInFlight(
  unanswered: readonly Request[],
  { delivery, mayResend }: { delivery: Delivery; mayResend: boolean },
): InFlight {
  const again: Request[] = [];
  const unknown: Request[] = [];
  for (const request of unanswered) {
    const { resend } = request.command;
    const isSafe = resend === "safe" || (resend === "once" && delivery === "at-least-once");
    if (mayResend && isSafe) {
      request.resent = true;
      again.push(request);
    } else {
      unknown.push(request);
    }
  }
  return { again, unknown };
}
