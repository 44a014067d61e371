import type { ConnectionPool } from "../../connection/pool.ts";
import { request } from "../../connection/request.ts";
import { EnterpriseOnlyError, TimeoutError } from "../../errors.ts";
import type { Emitter } from "../../events.ts";
import type { Clock } from "../../internal/clock.ts";
import { type Progress, trackSet } from "../../protocol/commands/enterprise.ts";
import type { ConsumerEvents } from "../events.ts";

/** Stores the progress of jobs. */
export interface Tracker {
  /** Resolves to true if the progress was stored. */
  track(progress: Progress): Promise<boolean>;
}

/** Sends the progress of jobs (TRACK SET), until the server turns out to be a free one. */
export class ProgressTracker implements Tracker {
  readonly #pool: Pick<ConnectionPool, "send">;
  readonly #events: Emitter<ConsumerEvents>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #isFree = false;

  constructor(
    pool: Pick<ConnectionPool, "send">,
    events: Emitter<ConsumerEvents>,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.#pool = pool;
    this.#events = events;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Emits one `warning` if the server is not Faktory Enterprise. Rejects if the server does not
   * answer within one command timeout.
   */
  async track(progress: Progress): Promise<boolean> {
    if (this.#isFree) return false;
    const giveUp = new AbortController();
    const cancelTimer = this.#clock.after(this.#timeoutMs, () => {
      const message = `Cannot track job ${progress.jid} as the server has not answered for ` +
        `${this.#timeoutMs} ms`;
      giveUp.abort(new TimeoutError("COMMAND_TIMEOUT", message, { outcome: "unknown" }));
    });
    try {
      const { signal } = giveUp;
      await request((entry) => this.#pool.send(entry), trackSet(progress), { signal });
      return true;
    } catch (error) {
      if (!(error instanceof EnterpriseOnlyError)) throw error;
      if (!this.#isFree) {
        this.#isFree = true;
        this.#events.emit("warning", {
          code: "ENTERPRISE_ONLY",
          message: "The server does not store the progress of jobs as it is not Faktory Enterprise",
        });
      }
      return false;
    } finally {
      cancelTimer();
    }
  }
}
