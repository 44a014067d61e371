/** What the two sides say to each other. The thread's side of it is the text in `boot.ts`. */

import type { IsolatedJob } from "./types.ts";

/** What was thrown, as it can be cloned. */
export type Sent =
  | {
    readonly kind: "error";
    readonly name: string;
    readonly message: string;
    readonly stack?: string | undefined;
    readonly code?: string | number | undefined;
    /** As text. */
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
  /** The reason of the abort that this side asked for. */
  | { readonly kind: "aborted" };

/**
 * To the thread. Runs are counted by each thread for itself, so that what comes late is told apart.
 */
export type ToThread =
  | {
    readonly kind: "run";
    readonly run: number;
    readonly job: IsolatedJob;
    readonly attempt: number;
  }
  | { readonly kind: "abort"; readonly run: number; readonly reason: Sent }
  | { readonly kind: "answer"; readonly call: number; readonly value: boolean }
  | { readonly kind: "answer"; readonly call: number; readonly error: Sent };

/** Why a module cannot be used. */
export type Fault =
  | { readonly why: "load" | "typescript"; readonly error: Sent }
  | { readonly why: "export"; readonly got: string };

/** From the thread. */
export type FromThread =
  | { readonly kind: "done"; readonly run: number; readonly value?: unknown }
  | { readonly kind: "outcome"; readonly run: number; readonly outcome: Sent }
  | { readonly kind: "failed"; readonly run: number; readonly error: Sent }
  | { readonly kind: "unusable"; readonly run: number; readonly fault: Fault }
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
  /** Nobody caught an error. */
  | { readonly kind: "died"; readonly error: Sent };
