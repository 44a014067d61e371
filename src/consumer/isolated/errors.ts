import { ConfigError, StateError } from "../../errors.ts";
import { isError } from "../../internal/kinds.ts";
import { showValue } from "../../internal/show.ts";
import { Discard, Kill, type Outcome, RetryAfter, Snooze } from "../outcome.ts";
import type { Fault, Sent } from "./messages.ts";

/**
 * An error of this side for the thread, which makes one of the same name, code and message of it.
 */
export function toSent(thrown: unknown): Sent {
  if (!isError(thrown)) {
    const message = typeof thrown === "string" ? thrown : showValue(thrown);
    return { kind: "error", name: "Error", message };
  }
  const { name, message, stack } = thrown;
  return { kind: "error", name, message, stack, code: codeOf(thrown) };
}

function codeOf(error: object): string | number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}

/** What was thrown in the thread; `reason` is that of the abort. */
export function fromSent(sent: Sent, reason?: unknown): unknown {
  switch (sent.kind) {
    case "aborted":
      return reason;
    case "value":
      return sent.value;
    case "outcome": {
      const outcome = makeOutcome(sent);
      if (sent.stack !== undefined) hide(outcome, "stack", sent.stack);
      return outcome;
    }
    case "error": {
      const { name, message, code, cause } = sent;
      const error = new Error(message, cause === undefined ? undefined : { cause });
      if (name !== error.name) hide(error, "name", name);
      // Where there is none, that of this line would mislead.
      hide(error, "stack", sent.stack ?? `${name}: ${message}`);
      return code === undefined ? error : Object.assign(error, { code });
    }
  }
}

function makeOutcome(
  { outcome, message, seconds = 0 }: Extract<Sent, { kind: "outcome" }>,
): Outcome {
  switch (outcome) {
    case "discard":
      return new Discard(message);
    case "kill":
      return new Kill(message);
    case "retry":
      return new RetryAfter(seconds, message);
    case "snooze":
      return new Snooze(seconds, message);
  }
}

/** As an error's own properties are: not among those that are counted up. */
function hide(error: Error, name: "name" | "stack", value: string): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

/** The error of a job whose module cannot be used. */
export function unusable(url: string, fault: Fault): ConfigError {
  const start = `Cannot run jobs in the module ${url}`;
  switch (fault.why) {
    case "export":
      return new ConfigError(
        "INVALID_MODULE",
        `${start} as its default export is not a function: got ${fault.got}`,
      );
    case "typescript":
      return new ConfigError(
        "UNSUPPORTED_RUNTIME",
        `${start} as this runtime does not read TypeScript: take Node 22.18 or later, run the program ` +
          "under tsx with tsx installed beside it, or build the module to JavaScript",
        { cause: fromSent(fault.error) },
      );
    case "load": {
      const cause = fromSent(fault.error);
      return new ConfigError("INVALID_MODULE", `${start} as it does not load: ${line(cause)}`, {
        cause,
      });
    }
  }
}

/** The error of a job whose thread ended in the middle of it. */
export function threadDied(jid: string, how: string, cause?: unknown): StateError {
  return new StateError("THREAD_DIED", `The thread that ran job ${jid} died: ${how}`, { cause });
}

/** What is said of an error in that of another. */
export function line(thrown: unknown): string {
  return String(isError(thrown) ? thrown.message : thrown);
}
