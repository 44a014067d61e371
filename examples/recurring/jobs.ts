/** The job types, and when they recur. */

import { defineJobs, Job, job } from "@faktory-ts/faktory";
import { Schedule } from "@faktory-ts/faktory/cron";

export const jobs = defineJobs({
  report: job<[day: string]>({ queue: "reports" }),
  tidy: job<[]>({ queue: "reports", retry: 3 }),
});

export const schedule = new Schedule({
  // The arguments come from the firing, so they are the same in every process.
  report: {
    cron: "0 3 * * *",
    timeZone: "Europe/Berlin",
    job: (firing) => new Job("report", [firing.toISOString().slice(0, 10)]),
  },
  tidy: { every: "6h", job: { type: "tidy" } },
}, { jobs });
