/**
 * Enqueues lines of JSON from two streams, merged, and prints every tenth of them what memory is in use: `lines.ts URL LINES`.
 * What is collected is collected before, where the runtime lets that be asked for.
 */

import process from "node:process";
import { Producer } from "../../../mod.ts";
import { linesToJobs, mergeStreams } from "../../../src/ndjson/mod.ts";
import { peakBytes } from "./measure.ts";

const [url, wanted = "1000000"] = process.argv.slice(2);
const count = Number(wanted);
const encoder = new TextEncoder();
const PIECE_LINES = 1000;
const start = performance.now();
let made = 0;

/** One of two files, which together have so many lines. */
function file(): ReadableStream<Uint8Array> {
  let left = count / 2;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      left -= PIECE_LINES;
      let text = "";
      for (let i = 0; i < PIECE_LINES; i++) {
        text += `{"type":"resize","args":["cat-${made++}.png",320],"queue":"images"}\n`;
      }
      controller.enqueue(encoder.encode(text));
      if (made % (count / 10) < PIECE_LINES) tell();
    },
  }, { highWaterMark: 0 });
}

function tell(): void {
  const { gc, Bun } = globalThis as {
    gc?: () => void;
    Bun?: { gc(isForced: boolean): void };
  };
  gc?.();
  Bun?.gc(true);
  const { heapUsed, rss } = process.memoryUsage();
  const rate = Math.round(made / (performance.now() - start) * 1000);
  console.log(JSON.stringify({ lines: made, heapMb: mb(heapUsed), rssMb: mb(rss), rate }));
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

// A function, as Node takes the file for a kind of module that cannot wait at its top.
async function main(): Promise<void> {
  const producer = await Producer.connect({ url });
  await mergeStreams([file(), file()].map((bytes) => bytes.pipeThrough(linesToJobs())))
    .pipeTo(producer.writable());
  await producer.close();
  console.log(JSON.stringify({ lines: made, peakMb: mb(peakBytes()) }));
}

void main();
