/** Messages between the main thread and the threads. `thread_main.ts` has the threads' part. */

import type { IsolatedJob } from "./types.ts";

/** A thrown value in a form that can be cloned. */
export type SentError =
  | {
    readonly kind: "error";
    readonly name: string;
    readonly message: string;
    readonly stack?: string | undefined;
    readonly code?: string | number | undefined;
    /** The cause as text. */
    readonly cause?: string | undefined;
  }
  | {
    readonly kind: "outcome";
    readonly outcome: "discard" | "kill" | "retry" | "snooze";
    readonly message: string;
    readonly stack?: string | undefined;
    readonly seconds?: number | undefined;
  }
  | { readonly kind: "value"; readonly value: unknown }
  /** The value is the reason of the abort that the main thread requested. */
  | { readonly kind: "aborted" };

/** Messages to a thread. Each thread numbers its runs, so that late messages can be recognized. */
export type ToThread =
  | {
    readonly kind: "run";
    readonly run: number;
    readonly job: IsolatedJob;
    readonly attempt: number;
  }
  | { readonly kind: "abort"; readonly run: number; readonly reason: SentError }
  | { readonly kind: "answer"; readonly call: number; readonly value: boolean }
  | { readonly kind: "answer"; readonly call: number; readonly error: SentError };

/** The reason why a module cannot be used. */
export type ModuleFault =
  | { readonly why: "load" | "typescript"; readonly error: SentError }
  | { readonly why: "export"; readonly got: string };

/** Messages from a thread. */
export type FromThread =
  | { readonly kind: "done"; readonly run: number; readonly value?: unknown }
  | { readonly kind: "outcome"; readonly run: number; readonly outcome: SentError }
  | { readonly kind: "failed"; readonly run: number; readonly error: SentError }
  | { readonly kind: "unusable"; readonly run: number; readonly fault: ModuleFault }
  | {
    readonly kind: "call";
    readonly run: number;
    readonly call: number;
    readonly name: "progress" | "extend";
    readonly args: readonly unknown[];
  }
  | {
    readonly kind: "log";
    readonly run: number;
    readonly level: "trace" | "debug" | "info" | "warn" | "error";
    readonly message: string;
    readonly fields?: Readonly<Record<string, unknown>> | undefined;
  }
  /** The thread had an uncaught error. */
  | { readonly kind: "died"; readonly error: SentError };
