/**
 * Recurring jobs: each firing is enqueued once, by whichever of any number of processes, on any
 * Faktory server.
 *
 * @example The next firings of an entry
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
