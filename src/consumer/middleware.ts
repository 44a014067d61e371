import type { Job } from "../job/job.ts";
import type { JobContext } from "./handler.ts";

/**
 * What every job passes on its way to its handler. `next` runs the middleware within, and at last the handler; it rejects
 * with what that throws, an outcome included. One that does not call `next` ends the job: it is done. One that gives nothing
 * gives what its `next` gave, and need not wait for that. Calling `next` twice fails the job (`StateError` `NEXT_CALLED_TWICE`).
 */
export type ConsumerMiddleware = (
  job: Job,
  context: JobContext,
  next: () => Promise<unknown>,
) => unknown;
