import type { OptionNames } from "../internal/option_names.ts";
import { onAbort } from "../internal/aborts.ts";
import { rejectBy } from "../internal/deferred.ts";
import type { PendingCalls } from "../internal/pending_calls.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";

/** Options of a call of `Producer.enqueue`, next to the options of the job. */
export interface CallOptions {
  /**
   * Aborts the call: it rejects with the signal's reason. A job that was already sent is not
   * withdrawn.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** The names of {@linkcode CallOptions}. */
export const CALL_OPTIONS = { signal: true } as const satisfies OptionNames<CallOptions>;

/** One call of `enqueue`, until its promise settles. */
export class PendingEnqueue implements EnqueueListener {
  cancelled = false;
  readonly #pendingCalls: PendingCalls;
  readonly #resolve: (jid: string | Promise<never>) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #removeListener: (() => void) | undefined;

  constructor(
    pendingCalls: PendingCalls,
    resolve: (jid: string | Promise<never>) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#pendingCalls = pendingCalls;
    this.#resolve = resolve;
    this.#signal = signal;
    pendingCalls.begin();
    if (signal !== undefined) this.#removeListener = onAbort(signal, () => this.#cancel());
  }

  done(jid: string): void {
    if (this.#settle()) this.#resolve(jid);
  }

  failed(_jid: string, error: unknown): void {
    if (this.#settle()) rejectBy(this.#resolve, error);
  }

  #cancel(): void {
    if (this.#settle()) rejectBy(this.#resolve, this.#signal!.reason);
    this.cancelled = true;
  }

  /** Returns true if the promise had not settled yet. */
  #settle(): boolean {
    if (this.cancelled) return false;
    this.#removeListener?.();
    this.#pendingCalls.end();
    return true;
  }
}
