import { backoffMs } from "../internal/backoff.ts";
import type { Clock } from "../internal/clock.ts";
import type { ReconnectPolicy } from "./options.ts";

/** Counts the attempts to reconnect since the server last worked, and decides when to give up. */
export class Attempts {
  readonly #policy: ReconnectPolicy;
  readonly #clock: Clock;
  #count = 0;
  #failingSince: number | undefined;

  constructor(policy: ReconnectPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** Number of attempts so far. */
  get count(): number {
    return this.#count;
  }

  /** True if the policy allows no attempts at all. */
  get isForbidden(): boolean {
    return this.#policy.attempts === 0;
  }

  /** True if the policy allows no more attempts, by their number or by time. */
  get isExhausted(): boolean {
    const { attempts, giveUpMs } = this.#policy;
    if (this.#count >= attempts) return true;
    return this.#failingSince !== undefined && giveUpMs !== undefined &&
      this.#clock.now() - this.#failingSince >= giveUpMs;
  }

  /** Returns the wait before the next attempt, in ms. */
  nextWaitMs(): number {
    return backoffMs(this.#count, this.#policy);
  }

  /** Counts an attempt that starts. */
  begin(): void {
    this.#count++;
  }

  /** Called when the connection or an attempt failed. */
  failed(): void {
    this.#failingSince ??= this.#clock.now();
  }

  /** Called when the server works, or when this series of attempts is over. */
  reset(): void {
    this.#count = 0;
    this.#failingSince = undefined;
  }
}
