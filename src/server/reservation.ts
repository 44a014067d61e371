import type { GoError } from "./go/error.ts";
import type { SortedEntry } from "./sorted_set.ts";
import type { Payload } from "./payload.ts";
import { readStored, type StoredJob } from "./stored_job.ts";

/** In seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/** The longest reservation that a job may request, in seconds. */
export const MAX_RESERVATION = 86_400;

/** Returns how long a job is reserved for its worker, in ms. */
export function reservedMs({ reserve_for }: { readonly reserve_for: number }): number {
  return reserve_for === 0
    ? DEFAULT_RESERVATION * 1000
    : Math.min(Math.max(reserve_for, MIN_RESERVATION), MAX_RESERVATION) * 1000;
}

/** A job with a worker. */
export class Reservation {
  /** The job's row in the arena, until a FLUSH. */
  readonly row: number;
  readonly jid: string;
  /** The stored job. */
  readonly payload: Payload;
  readonly wid: string;
  /** The entry in the working set. */
  entry!: SortedEntry<Reservation>;
  /**
   * New end of the reservation, in ms since 1970, applied when the time in the working set has
   * passed.
   */
  extension?: number;
  #job: StoredJob | undefined;

  constructor(
    { row, jid, payload, wid }: { row: number; jid: string; payload: Payload; wid: string },
  ) {
    this.row = row;
    this.jid = jid;
    this.payload = payload;
    this.wid = wid;
  }

  /**
   * The parsed job. It is parsed only when needed: most jobs succeed, and nothing looks at them.
   */
  get job(): StoredJob {
    return this.#job ??= readStored(this.payload);
  }
}

/** A FETCH that waits for a job. */
export interface WaitingFetch {
  readonly wid: string;
  /** Ends the wait without a job. */
  end(): void;
  /** Ends the wait with an error. */
  fail(error: GoError): void;
}
