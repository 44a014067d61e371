import type { SetName } from "../members.ts";

/** Where jobs of a queue are kept: its name follows. */
export const QUEUE_PLACE = "queue/";

/** Where jobs with a worker are kept. */
export const WORKING_PLACE = "working";

/** Where a job is kept: a set's name, that of jobs with a worker, or a queue's behind `queue/`. */
export type Place = SetName | typeof WORKING_PLACE | `${typeof QUEUE_PLACE}${string}`;

/** A worker's hold on a job. */
export interface Hold {
  /** When it ends, in milliseconds since 1970. */
  readonly at: number;
  /** The worker's id. */
  readonly owner: string;
}

/** Jobs that were there at the start, as rows of the arena. */
export interface KeptJobs {
  /**
   * Those of a place, in the order in which they came there. They are given once, and forgotten.
   */
  takeRows(place: string): readonly number[];
  /** Every place with jobs. */
  places(): readonly string[];
  /** Who has a job of {@linkcode WORKING_PLACE}. */
  hold(row: number): Hold;
}
