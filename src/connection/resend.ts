import type { Delivery } from "./reconnect_options.ts";
import type { Request } from "./request.ts";

/** Requests that were in flight when a connection ended. */
export interface InFlight {
  /** Requests to send again. They are marked as resent. */
  readonly resend: Request[];
  /** Requests that must not be sent twice, because the server may have executed them. */
  readonly unknown: Request[];
}

/** Sorts the unanswered requests of a connection by what their commands allow. */
export function sortInFlight(
  unanswered: readonly Request[],
  { delivery, mayResend }: { delivery: Delivery; mayResend: boolean },
): InFlight {
  const resend: Request[] = [];
  const unknown: Request[] = [];
  for (const request of unanswered) {
    const { resend: rule } = request.command;
    const isSafe = rule === "safe" || (rule === "once" && delivery === "at-least-once");
    if (mayResend && isSafe) {
      request.resent = true;
      resend.push(request);
    } else {
      unknown.push(request);
    }
  }
  return { resend, unknown };
}
