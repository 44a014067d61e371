import type { Job } from "../job/job.ts";
import type { JobContext } from "./handler.ts";

/**
 * A function that runs around the handler of every job. `next()` runs the inner middleware and the
 * handler, and rejects with their errors and outcomes.
 *
 * If the middleware does not call `next()`, the job is done without running the handler. If the
 * middleware returns nothing, its result is the result of `next()`, even if it does not await it.
 * Calling `next()` twice fails the job (`StateError` `NEXT_CALLED_TWICE`).
 */
export type ConsumerMiddleware = (
  job: Job,
  context: JobContext,
  next: () => Promise<unknown>,
) => unknown;
