/** The job types that the web server enqueues and the worker runs. */

import { defineJobs, job } from "@faktory-ts/faktory";

export const jobs = defineJobs({
  welcome: job<[name: string]>({ queue: "mail", retry: 5 }),
});
