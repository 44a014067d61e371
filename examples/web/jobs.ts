/** The jobs that there are: what the server enqueues and the worker runs. */

import { defineJobs, job } from "@faktory-ts/faktory";

export const jobs = defineJobs({
  welcome: job<[name: string]>({ queue: "mail", retry: 5 }),
});
