/**
 * Recurring jobs on any Faktory server. Any number of processes can run the same schedule; each
 * firing is enqueued once.
 *
 * @example Compute the next firing of an entry
 * ```ts
 * import { Schedule } from "@faktory-ts/faktory/cron";
 *
 * const schedule = new Schedule({
 *   nightly: { cron: "0 3 * * *", timeZone: "Europe/Berlin", job: { type: "report" } },
 * });
 * const [firing] = schedule.next("nightly", { after: new Date("2026-06-01T00:00:00Z") });
 * console.assert(firing?.toISOString() === "2026-06-01T01:00:00.000Z");
 * ```
 *
 * @module
 */

export { Schedule } from "./schedule.ts";
export type {
  NextOptions,
  ScheduleEvents,
  ScheduleOptions,
  ScheduleRunOptions,
} from "./schedule.ts";
export type { CatchUp, ScheduleEntries, ScheduleEntry } from "./entry.ts";
