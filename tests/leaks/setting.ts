import assert from "node:assert/strict";
import process from "node:process";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";
import { pem } from "../pem.ts";

/** Opens, uses and ends something. Nothing of it may be left afterwards. */
export type Scenario = () => Promise<void>;

/** Short enough for tests, long enough to be a wait. */
export const reconnect = { initialMs: 2, maxMs: 10 };

const SIGNALS = ["SIGTERM", "SIGINT", "SIGTSTP", "SIGTTIN"] as const;

/** Returns the number of this process's listeners for the signals that a consumer handles. */
export function signalListeners(): number {
  return SIGNALS.reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/**
 * Returns an AbortController whose signal counts its listeners, without `once` listeners that were
 * called.
 */
export function countedAbort() {
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = AbortSignal.prototype;
  signal.addEventListener = (...args: unknown[]) => {
    if (!signal.aborted) listeners.add(args[1]);
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners.delete(args[1]);
    Reflect.apply(removeEventListener, signal, args);
  };
  return {
    signal,
    abort: () => abort.abort(),
    /** Fails if there is a listener left. */
    check: () => assert.equal(listeners.size, 0, "somebody still listens to the signal"),
  };
}

export function startTls(): Promise<FaktoryServer> {
  return startQuick({ tls: { cert: pem("server"), key: pem("server.key") } });
}

/** Resolves to the details of an event, the first time that it happens. */
export function once<T>(on: (listener: (detail: T) => void) => unknown): Promise<T> {
  return new Promise((resolve) => on(resolve));
}
