/** Reads one line of JSON of so many MiB, in pieces of 256 bytes, and prints how long that took: `long_line.ts MIB`. */

import process from "node:process";
import { linesToJobs } from "../../../src/ndjson/mod.ts";

const mib = Number(process.argv[2] ?? 4);
const PIECE = 256;
const length = mib * 1024 * 1024 - 1;
const line = new TextEncoder().encode(`{"type":"${"a".repeat(length - 12)}"}\n`);

async function main(): Promise<void> {
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= line.length) return controller.close();
      controller.enqueue(line.subarray(at, at += PIECE));
    },
  }, { highWaterMark: 0 });
  const start = performance.now();
  const reader = source.pipeThrough(linesToJobs({ maxLineLength: line.length })).getReader();
  const { value } = await reader.read();
  const ms = Math.round(performance.now() - start);
  if (value?.type.length !== length - 12) throw new Error("The job is not what the line says");
  console.log(JSON.stringify({ lineMib: mib, pieces: Math.ceil(line.length / PIECE), ms }));
}

void main();
