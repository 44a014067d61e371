import process from "node:process";
import { exits } from "../internal/environment.ts";

/** The reason why a process cannot continue. */
export interface Crash {
  /** An uncaught exception, an unhandled rejection, or a call of `process.exit`. */
  readonly kind: "exception" | "rejection" | "exit";
  readonly error: unknown;
}

/**
 * Calls `onCrash` in place of ending the process when the program crashes. Returns a function that
 * stops this. `process.exit` then throws, since the code after the call must not run.
 */
export function interceptCrashes(onCrash: (crash: Crash) => void): () => void {
  const onException = (error: unknown) => onCrash({ kind: "exception", error });
  const onRejection = (error: unknown) => onCrash({ kind: "rejection", error });
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  const restore = exits().map(({ owner, name }) => {
    const before = owner.exit;
    owner.exit = (code) => {
      const error = new Error(`${name}(${code ?? ""}) was called`);
      // Hides this function from the stack.
      Error.captureStackTrace?.(error, owner.exit);
      onCrash({ kind: "exit", error });
      throw error;
    };
    return () => owner.exit = before;
  });
  return () => {
    process.off("uncaughtException", onException);
    process.off("unhandledRejection", onRejection);
    for (const one of restore) one();
  };
}
