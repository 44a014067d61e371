import { invalidOption } from "../connection/options.ts";
import type { ConnectionPool } from "../connection/pool.ts";
import { ConnectionLostError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { PendingCalls } from "../internal/pending_calls.ts";

/** Options of {@linkcode Producer.close}. */
export interface CloseOptions {
  /** Longest time to wait for calls in flight, in milliseconds. @default 25000 */
  readonly timeoutMs?: number | undefined;
}

const CLOSE_OPTIONS = { timeoutMs: true } as const satisfies OptionNames<CloseOptions>;

/** The result of {@linkcode Producer.close}. */
export interface CloseReport {
  /**
   * Number of calls that were given up, as the server did not reply in time. Each rejects with an
   * error that has an `outcome`.
   */
  readonly givenUp: number;
}

/**
 * Default of {@linkcode CloseOptions}: below the 30 seconds that orchestrators allow for shutdown.
 */
const CLOSE_MS = 25_000;

/** The parts of a producer that `Closing` works on. */
export interface ClosingParts {
  readonly pool: ConnectionPool;
  readonly pendingCalls: PendingCalls;
  readonly clock: Clock;
  /** True if the producer opened the connections and has to close them. */
  readonly isOwner: boolean;
  /** Reports that calls were given up. */
  warn(code: string, message: string): void;
}

/** Closes a producer: waits for its calls, up to a time limit, and closes its connections. */
export class Closing {
  readonly #parts: ClosingParts;
  #closing: Promise<CloseReport> | undefined;
  /** Resolved when the time limit is over. */
  readonly #expired = deferred();
  /** Called when the producer is closed. */
  onEnd: () => void = () => {};

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  /** True after `close` was called: the producer accepts no more calls. */
  get hasBegun(): boolean {
    return this.#closing !== undefined;
  }

  /** Implements `Producer.close`. */
  async close(options: CloseOptions): Promise<CloseReport> {
    checkOptionNames(options, CLOSE_OPTIONS, "close");
    const { timeoutMs } = options;
    if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
      throw invalidOption("timeoutMs", "a number of 0 or more", timeoutMs);
    }
    if (!this.#parts.isOwner) return await this.#within(timeoutMs, deferred().promise);
    const ms = timeoutMs ?? (this.#closing === undefined ? CLOSE_MS : undefined);
    this.#closing ??= this.#close();
    const cancel = ms === undefined
      ? () => {}
      : this.#parts.clock.after(ms, () => this.#expired.resolve());
    return await this.#closing.finally(cancel);
  }

  async #close(): Promise<CloseReport> {
    const { pool, warn } = this.#parts;
    try {
      const report = await this.#within(undefined, this.#expired.promise);
      if (report.givenUp === 0) {
        await pool.end();
        return report;
      }
      const message = `Cannot close the producer in time: gave up ${report.givenUp} calls`;
      warn("CLOSE_TIMED_OUT", message);
      pool.close(new ConnectionLostError("CLOSE_TIMED_OUT", message, { outcome: "unknown" }));
      return report;
    } finally {
      this.onEnd();
    }
  }

  /** Waits for all calls in flight, until `expired` resolves or the time is over. */
  async #within(timeoutMs: number | undefined, expired: Promise<void>): Promise<CloseReport> {
    const isOver = deferred<boolean>();
    const cancel = timeoutMs === undefined
      ? () => {}
      : this.#parts.clock.after(timeoutMs, () => isOver.resolve(true));
    void expired.then(() => isOver.resolve(true));
    void this.#drained().then(() => isOver.resolve(false));
    const isExpired = await isOver.promise;
    cancel();
    return { givenUp: isExpired ? this.#parts.pendingCalls.count : 0 };
  }

  async #drained(): Promise<void> {
    const { pool, pendingCalls, isOwner } = this.#parts;
    await pendingCalls.none();
    if (isOwner) await pool.drained();
  }
}
