import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** Something that is opened, used and ended, after which nothing of it may be left. */
export type Scenario = () => Promise<void>;

/** Fast enough not to be noticed, slow enough to be a wait. */
export const reconnect = { initialMs: 2, maxMs: 10 };

const SIGNALS = ["SIGTERM", "SIGINT", "SIGTSTP", "SIGTTIN"] as const;

/** How many listeners this process has on the signals that a consumer can heed. */
export function signalListeners(): number {
  return SIGNALS.reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/**
 * An AbortController whose signal counts its listeners, those of `once` that were called left out.
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
    /** Fails where somebody still listens. */
    check: () => assert.equal(listeners.size, 0, "somebody still listens to the signal"),
  };
}

export function pem(name: string): string {
  return readFileSync(`tests/fixtures/tls/${name}.pem`, "utf8");
}

export function startTls(): Promise<FaktoryServer> {
  return startQuick({ tls: { cert: pem("server"), key: pem("server.key") } });
}

/** What an event tells, the first time that it comes. */
export function once<T>(on: (listener: (detail: T) => void) => unknown): Promise<T> {
  return new Promise((resolve) => on(resolve));
}
