/**
 * `deno task demo [FOLDER]`: enqueues a job for each file of a folder, and runs a consumer that
 * hashes the files and counts their lines. A few jobs are scheduled. One fails on purpose and is
 * then retried by hand. Uses the server in FAKTORY_URL or FAKTORY_PROVIDER, by default an embedded
 * one.
 */

import process from "node:process";
import { Consumer, FaktoryError, Producer } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { examine, type FileFacts, filesBelow } from "./files.ts";
import { type Progress, progressOf } from "./progress.ts";
import { tableOf } from "./report.ts";

/** Number of jobs to schedule. The server looks for due jobs every five seconds. */
const SCHEDULED = 3;
const DELAY_MS = 1000;

async function main(folder = "."): Promise<void> {
  const paths = await filesBelow(folder);
  if (paths.length === 0) throw new Error(`there are no files in ${folder}`);
  const named = process.env["FAKTORY_URL"] ?? process.env["FAKTORY_PROVIDER"];
  const server = named === undefined ? await FaktoryServer.start({ port: 0 }) : undefined;
  const where = server === undefined ? "your server" : "an embedded server";
  const bar = progressOf(`${paths.length} files of ${folder}, on ${where}`, paths.length);
  try {
    await run(paths, server?.url, bar);
  } finally {
    await server?.close();
  }
}

async function run(
  paths: readonly string[],
  url: string | undefined,
  bar: Progress,
): Promise<void> {
  const queue = `demo-${Date.now().toString(36)}`;
  const facts: FileFacts[] = [];
  const failed: string[] = [];
  const missing = new Set(paths);
  let isDone = () => {};
  const done = new Promise<void>((resolve) => isDone = resolve);
  const unlucky = paths[Math.floor(paths.length / 2)]!;

  const consumer = new Consumer({ url, queues: [queue], concurrency: 20 });
  consumer.register<[path: string]>("examine", async ({ args: [path] }, { signal, attempt }) => {
    if (path === unlucky && attempt === 1) throw new Error("this one fails at first, on purpose");
    facts.push(await examine(path, signal));
  });
  consumer.on("done", ({ job }) => {
    missing.delete(job.args[0] as string);
    bar.advance(1, `${facts.length} of ${paths.length} files, ${failed.length} failed`);
    if (missing.size === 0) isDone();
  });
  consumer.on("unreported", ({ error }) => bar.message(String(error)));
  const retried = new Promise<string>((resolve) =>
    consumer.on("fail", ({ job, error }) => {
      failed.push(`${job.args[0]}: ${error}`);
      resolve(job.jid);
    })
  );

  await using producer = await Producer.connect({ url });
  const started = performance.now();
  bar.start("enqueuing");
  const at = new Date(Date.now() + DELAY_MS);
  const { failed: refused } = await producer.enqueueMany(paths.map((path, i) => ({
    type: "examine",
    args: [path],
    queue,
    backtrace: 5,
    at: path !== unlucky && i >= paths.length - SCHEDULED ? at : undefined,
  })));
  for (const error of refused.values()) throw error;
  const enqueued = performance.now();

  const running = consumer.run();
  const jid = await Promise.race([retried, running.then(() => undefined)]);
  // The server may need a moment to add the failed job to the retries.
  while (jid !== undefined && missing.has(unlucky)) {
    await producer.sets.retries.requeue({ jids: [jid] });
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  await Promise.race([done, running]);
  const ended = performance.now();
  await consumer.stop();
  const report = await running;
  bar.stop(`${facts.length} files examined`);

  await producer.queues.remove(queue);
  console.log(tableOf(facts));
  for (const line of failed) console.log(`failed once, then retried by hand: ${line}`);
  const scheduled = Math.min(SCHEDULED, paths.length - 1);
  console.log(
    `${paths.length} jobs enqueued in ${ms(enqueued - started)} (${scheduled} scheduled), ` +
      `run in ${ms(ended - enqueued)}`,
  );
  const { done: succeeded, failed: failures } = report;
  console.log(`${succeeded + failures} runs: ${succeeded} succeeded, ${failures} failed`);
}

function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}

main(process.argv[2]).catch((error) => {
  console.error(error instanceof FaktoryError ? `${error.code}: ${error.message}` : String(error));
  process.exitCode = 1;
});
