import type { Job } from "../job/job.ts";
import type { JobContext } from "./handler.ts";

/**
 * Runs around the handler of every job. `next()` runs the inner middleware, and then the handler;
 * it rejects with what those throw, outcomes included. Middleware that does not call `next()` ends
 * the job as done. If it returns nothing, its result is that of `next()`, and it need not await
 * that. Calling `next()` twice fails the job (`StateError` `NEXT_CALLED_TWICE`).
 */
export type ConsumerMiddleware = (
  job: Job,
  context: JobContext,
  next: () => Promise<unknown>,
) => unknown;
