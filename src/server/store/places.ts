/** Prefix of the places of queues. The queue's name follows. */
export const QUEUE_PLACE = "queue/";

/** The place of jobs that are with a worker. */
export const WORKING_PLACE = "working";

/** A worker's hold on a job. */
export interface Hold {
  /** When the reservation ends, in ms since 1970. */
  readonly at: number;
  /** The worker's id. */
  readonly owner: string;
}

/** The jobs that were stored at the start, as rows of the arena. */
export interface RestoredJobs {
  /**
   * Returns the rows of a place, in the order in which they were added. Each place can be read
   * once.
   */
  takeRows(place: string): readonly number[];
  /** Returns all places with jobs. */
  places(): readonly string[];
  /** Returns the worker's hold on a job in {@linkcode WORKING_PLACE}. */
  hold(row: number): Hold;
}
