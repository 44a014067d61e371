import { Fifo } from "../internal/fifo.ts";
import { unsentRequestLost } from "./reconnect_errors.ts";
import type { Request } from "./request.ts";

/** Requests that wait for a connection, in the order in which they are sent. */
export class WaitingRequests {
  readonly #requests = new Fifo<Request>();

  get length(): number {
    return this.#requests.length;
  }

  push(request: Request): void {
    this.#requests.push(request);
  }

  /** Adds requests before all others, as they were sent before them. */
  requeue(requests: readonly Request[]): void {
    this.#requests.unshift(requests);
  }

  /** Removes and returns all requests. */
  take(): Request[] {
    return this.#requests.drain();
  }

  /** Removes and returns requests whose deadline has passed or whose callers no longer wait. */
  takeLate(now: number): Request[] {
    return this.#requests.removeWhere(({ notAfter, cancelled }) =>
      cancelled === true || (notAfter !== undefined && now > notAfter)
    );
  }

  /**
   * Rejects all requests. With `isLost`, each gets a `ConnectionLostError`; otherwise only those
   * that were sent before.
   */
  reject(reason: Error, isLost: boolean): void {
    for (const request of this.take()) {
      request.reject(
        isLost || request.resent === true ? unsentRequestLost(request, reason) : reason,
      );
    }
  }
}
