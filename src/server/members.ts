import type { GoError } from "./go/error.ts";
import type { SortedEntry } from "./sorted_set.ts";
import type { Payload } from "./payload.ts";
import { readStored, type StoredJob } from "./stored_job.ts";

/** Names of the sets that MUTATE knows. */
export type SetName = "scheduled" | "retries" | "dead";

/** A job with a worker. */
export class Reservation {
  /** The job's row in the arena, until a FLUSH. */
  readonly row: number;
  readonly jid: string;
  /** The job as it was stored. */
  readonly payload: Payload;
  readonly wid: string;
  /** Its place in the working set. */
  entry!: SortedEntry<Reservation>;
  /** Until when it is to last once its time in the working set is over; milliseconds since 1970. */
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

  /** The job, read only once it is asked for: most end well, and nobody asks. */
  get job(): StoredJob {
    return this.#job ??= readStored(this.payload);
  }
}

/** A FETCH that waits. */
export interface WaitingFetch {
  readonly wid: string;
  /** Ends it with nothing. */
  end(): void;
  /** Ends it with an error. */
  fail(error: GoError): void;
}
