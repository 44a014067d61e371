import { bytesOf } from "../go/text.ts";
import { MAX_TEXT_LINE } from "../line.ts";
import type { Payload } from "../payload.ts";
import { finish } from "../slices.ts";
import { writeJob } from "../stored_job.ts";
import { readLargeJob } from "./large_jobs.ts";

/** A job that was kept as text, as the server holds it. */
export function storedPayload(text: string): Payload {
  return text.length <= MAX_TEXT_LINE ? text : writeJob(finish(readLargeJob(bytesOf(text))));
}
