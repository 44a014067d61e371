import { type Clock, elapsedMs } from "../../internal/clock.ts";

/** Wrong passwords within {@linkcode WINDOW_MS} after which an address is refused. */
const MAX_FAILURES = 5;

const WINDOW_MS = 30_000;

/** Maximum number of addresses. A new one replaces the one that has been quiet longest. */
const MAX_ADDRESSES = 10_000;

/** Counts wrong passwords by address, so that one attacker does not lock out everybody else. */
export class Throttle {
  readonly #clock: Clock;
  /** The times of the latest failures. The address that failed last is the last one. */
  readonly #failures = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns true if an address is refused at the moment. */
  isClosed(address: string): boolean {
    return this.#recent(address).length >= MAX_FAILURES;
  }

  /** Counts a wrong password. */
  failed(address: string): void {
    const recent = this.#recent(address);
    this.#failures.delete(address);
    this.#failures.set(address, [...recent, elapsedMs(this.#clock)]);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_ADDRESSES) this.#failures.delete(oldest!);
  }

  #recent(address: string): number[] {
    const now = elapsedMs(this.#clock);
    return (this.#failures.get(address) ?? []).filter((at) => now - at < WINDOW_MS);
  }
}
