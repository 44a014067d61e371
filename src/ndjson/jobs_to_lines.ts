import { encodeJob } from "../job/encode.ts";
import { explicitQueueOf, Job, type JobInput } from "../job/job.ts";
import { expandShorthands, hasShorthands } from "../job/shorthands.ts";

/** Properties in the order of the output. */
const NAMES = [
  ...["jid", "type", "args", "queue", "retry", "at"] as const,
  ...["reserveFor", "backtrace", "custom", "createdAt"] as const,
];

/**
 * Bytes as `TextEncoder` returns them: `Uint8Array<ArrayBuffer>` in newer TypeScript, so that a
 * `CompressionStream` takes them, and `Uint8Array` before TypeScript 5.7, where that type is not
 * generic.
 */
export type EncodedBytes = ReturnType<InstanceType<typeof TextEncoder>["encode"]>;

/**
 * Creates a stream that converts jobs to bytes: JSON Lines in UTF-8, as {@linkcode linesToJobs}
 * reads them. Each line contains the properties that the job has, with times in RFC 3339.
 *
 * An invalid job ends the stream: reading rejects with its `InvalidJobError`.
 *
 * @example Jobs as text
 * ```ts
 * import { jobsToLines } from "@faktory-ts/faktory/ndjson";
 *
 * const jobs = ReadableStream.from([{ type: "resize", args: ["cat.png", 320] }]);
 * const text = await new Response(jobs.pipeThrough(jobsToLines())).text();
 * console.assert(text === '{"type":"resize","args":["cat.png",320]}\n');
 * ```
 */
export function jobsToLines(): TransformStream<JobInput, EncodedBytes> {
  const encoder = new TextEncoder();
  return new TransformStream({
    transform: (job, out) => out.enqueue(encoder.encode(lineOf(job))),
  });
}

function lineOf(job: JobInput): string {
  // Rejects values that `JSON.stringify` would change.
  encodeJob(job);
  const fields: Record<string, unknown> = {};
  const expanded = hasShorthands(job) ? { ...job, ...expandShorthands(job) } : job;
  for (const name of NAMES) {
    if (expanded[name] !== undefined) fields[name] = expanded[name];
  }
  if (job instanceof Job) {
    // A missing queue stays missing, since the catalogue may set it.
    fields["queue"] = explicitQueueOf(job);
    if (Object.keys(job.custom).length === 0) delete fields["custom"];
  }
  return `${JSON.stringify(fields)}\n`;
}
