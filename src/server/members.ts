import type { GoError } from "./go_json.ts";
import type { SortedEntry } from "./sorted_set.ts";
import type { StoredJob } from "./stored_job.ts";

/** A job in one of the sets, with its stored text, which filters look at. */
export interface SetMember {
  readonly jid: string;
  readonly payload: string;
}

/** Names of the sets that MUTATE knows. */
export type SetName = "scheduled" | "retries" | "dead";

/** A job with a worker. */
export interface Reservation {
  readonly job: StoredJob;
  /** The job as the worker got it. */
  readonly payload: string;
  readonly wid: string;
  /** Its place in the working set. */
  entry: SortedEntry<Reservation>;
  /** Until when it is to last once its time in the working set is over; milliseconds since 1970. */
  extension?: number;
}

/** A FETCH that waits. */
export interface WaitingFetch {
  readonly wid: string;
  /** Ends it with nothing. */
  end(): void;
  /** Ends it with an error. */
  fail(error: GoError): void;
}
