import process from "node:process";
import { exits } from "../internal/environment.ts";

/** Why a process cannot go on. */
export interface Crash {
  /**
   * An exception that nobody caught, a rejection that nobody handled, or a call of `process.exit`.
   */
  readonly kind: "exception" | "rejection" | "exit";
  readonly error: unknown;
}

/**
 * Calls `crashed` when this process would end by a fault of the program, in place of ending it,
 * until the function returned is called. A call of `process.exit` throws: code that follows it must
 * not run.
 */
export function hearCrashes(crashed: (crash: Crash) => void): () => void {
  const onException = (error: unknown) => crashed({ kind: "exception", error });
  const onRejection = (error: unknown) => crashed({ kind: "rejection", error });
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  const restore = exits().map(({ owner, name }) => {
    const before = owner.exit;
    owner.exit = (code) => {
      const error = new Error(`${name}(${code ?? ""}) was called`);
      // Where it was called, and not this.
      Error.captureStackTrace?.(error, owner.exit);
      crashed({ kind: "exit", error });
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
