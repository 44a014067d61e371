import { onAbort } from "../internal/aborts.ts";
import type { Outstanding } from "../internal/outstanding.ts";
import type { JobSink } from "./job_sink.ts";

/** One call of `enqueue`, from its begin until its promise settles. */
export class Call implements JobSink {
  cancelled = false;
  readonly #outstanding: Outstanding;
  readonly #resolve: (jid: string) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #forget: (() => void) | undefined;

  constructor(
    outstanding: Outstanding,
    ends: { resolve(jid: string): void; reject(error: unknown): void },
    signal: AbortSignal | undefined,
  ) {
    this.#outstanding = outstanding;
    this.#resolve = ends.resolve;
    this.#reject = ends.reject;
    this.#signal = signal;
    outstanding.begin();
    if (signal !== undefined) this.#forget = onAbort(signal, () => this.#cancel());
  }

  done(jid: string): void {
    if (this.#settle()) this.#resolve(jid);
  }

  failed(_jid: string, error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  #cancel(): void {
    if (this.#settle()) this.#reject(this.#signal!.reason);
    this.cancelled = true;
  }

  /** False where the promise was settled before. */
  #settle(): boolean {
    if (this.cancelled) return false;
    this.#forget?.();
    this.#outstanding.end();
    return true;
  }
}
