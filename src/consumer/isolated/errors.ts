import { ConfigError, StateError } from "../../errors.ts";
import { isError } from "../../internal/kinds.ts";
import { showValue } from "../../internal/show.ts";
import { Discard, Kill, type Outcome, RetryAfter, Snooze } from "../outcome.ts";
import type { ModuleFault, SentError } from "./messages.ts";

/** Converts an error to a message for a thread, which creates an error like it. */
export function errorToSend(thrown: unknown): SentError {
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

/** Converts a message back to the thrown value. `reason` is the reason of the abort. */
export function receivedError(sent: SentError, reason?: unknown): unknown {
  switch (sent.kind) {
    case "aborted":
      return reason;
    case "value":
      return sent.value;
    case "outcome": {
      const outcome = makeOutcome(sent);
      if (sent.stack !== undefined) defineHidden(outcome, "stack", sent.stack);
      return outcome;
    }
    case "error": {
      const { name, message, code, cause } = sent;
      const error = new Error(message, cause === undefined ? undefined : { cause });
      if (name !== error.name) defineHidden(error, "name", name);
      // Without this, the stack would be that of this line.
      defineHidden(error, "stack", sent.stack ?? `${name}: ${message}`);
      return code === undefined ? error : Object.assign(error, { code });
    }
  }
}

function makeOutcome(
  { outcome, message, seconds = 0 }: Extract<SentError, { kind: "outcome" }>,
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

/** Defines a property that is not enumerable, like the own properties of errors. */
function defineHidden(error: Error, name: "name" | "stack", value: string): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

/** Returns the error for a job whose module cannot be used. */
export function unusable(url: string, fault: ModuleFault): ConfigError {
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
        `${start} as this runtime cannot load TypeScript: use Node 22.18 or later, run the program ` +
          "under tsx with tsx installed beside it, or build the module to JavaScript",
        { cause: receivedError(fault.error) },
      );
    case "load": {
      const cause = receivedError(fault.error);
      return new ConfigError(
        "INVALID_MODULE",
        `${start} as it does not load: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  }
}

/** Returns the error for a job whose thread ended during the run. */
export function threadDied(jid: string, how: string, cause?: unknown): StateError {
  return new StateError("THREAD_DIED", `The thread that ran job ${jid} died: ${how}`, { cause });
}

/** Returns the message of an error, to use in the message of another error. */
export function messageOf(thrown: unknown): string {
  return String(isError(thrown) ? thrown.message : thrown);
}
