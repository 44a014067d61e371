import type { JobFields } from "../../mod.ts";
import { type InvalidLine, linesToJobs, type LinesToJobsOptions } from "../../src/ndjson/mod.ts";

/** Returns a stream of bytes with a piece for each argument. */
export function bytesOf(...pieces: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      }
      controller.close();
    },
  });
}

/** Reads a whole stream. */
export async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

/** Returns the jobs of a text's lines, and the invalid lines. */
export async function read(
  pieces: string | Uint8Array | readonly (string | Uint8Array)[],
  options: LinesToJobsOptions = {},
): Promise<{ jobs: JobFields[]; invalid: InvalidLine[] }> {
  const list = typeof pieces === "string" || pieces instanceof Uint8Array ? [pieces] : pieces;
  const invalid: InvalidLine[] = [];
  const lines = linesToJobs({ onInvalid: (one) => void invalid.push(one), ...options });
  return { jobs: await all(bytesOf(...list).pipeThrough(lines)), invalid };
}

/** Waits until everything that is ready has run, and everything that follows from it. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
