/** The jobs that there are: what the schedule enqueues and the worker runs. */

import { defineJobs, job } from "@faktory-ts/faktory";

export const jobs = defineJobs({
  // The time that a report is for is an argument, so that jobs for the same time are the same job. Faktory Enterprise then
  // takes one of them: its lock lasts until the job has succeeded, an hour beyond its time at most.
  report: job<[time: string]>({ queue: "reports", custom: { unique_for: 3600 } }),
});
