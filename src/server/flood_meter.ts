/**
 * Limits for a client that sends without a pause: after this many ms of work, or this many bytes of
 * a large line, other clients are served first. Deno would otherwise keep reading a socket that
 * always has data, and never look at the others.
 */
const MAX_FLOOD_MS = 8;
const MAX_FLOOD = 512 * 1024;

/**
 * A client that sends without a pause is not held back if it uses less than 1/20 of the server's
 * time.
 */
const MAX_SHARES = 20;

/** Silence after which a client counts as having paused, in ms. */
const PAUSE_MS = 20;

/** Measures the data that a client sends without a pause, and the work on them. */
export class FloodMeter {
  #bytes = 0;
  #workMs = 0;
  #startedAt = 0;
  #endedAt = 0;

  /** Starts to measure. */
  start(now: number): void {
    this.#bytes = this.#workMs = 0;
    this.#startedAt = now;
  }

  /**
   * Adds bytes that have arrived. Returns true if the client uses too much of the server's time.
   *
   * @param isLarge True if the bytes are a part of a large line.
   */
  add(bytes: number, now: number, isLarge: boolean): boolean {
    if (now - this.#endedAt > PAUSE_MS) this.start(now);
    this.#bytes += bytes;
    return isLarge && this.#bytes > MAX_FLOOD ||
      this.#workMs > MAX_FLOOD_MS && this.#workMs * MAX_SHARES > now - this.#startedAt;
  }

  /** Adds the time of the work on the bytes. */
  addWork(beginMs: number, endMs: number): void {
    this.#endedAt = endMs;
    this.#workMs += endMs - beginMs;
  }
}
