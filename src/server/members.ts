import type { GoError } from "./go_json.ts";
import type { SortedEntry } from "./sorted_set.ts";
import { readJob, type StoredJob } from "./stored_job.ts";

/** A job in one of the sets, with its stored text, which filters look at. */
export interface SetMember {
  readonly jid: string;
  readonly payload: string;
}

/** Names of the sets that MUTATE knows. */
export type SetName = "scheduled" | "retries" | "dead";

let reservations = 0;

/** A job with a worker. */
export class Reservation {
  /** Tells it from others. */
  readonly id: number = ++reservations;
  readonly jid: string;
  /** The job as it was stored. */
  readonly payload: string;
  readonly wid: string;
  /** Its place in the working set. */
  entry!: SortedEntry<Reservation>;
  /** Until when it is to last once its time in the working set is over; milliseconds since 1970. */
  extension?: number;
  #job: StoredJob | undefined;

  constructor({ jid, payload }: SetMember, wid: string) {
    this.jid = jid;
    this.payload = payload;
    this.wid = wid;
  }

  /** The job, read only once it is asked for: most end well, and nobody asks. */
  get job(): StoredJob {
    return this.#job ??= readJob(this.payload);
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
