/**
 * `deno task demo [FOLDER]`: enqueues a job for each file of a folder, and runs a consumer that
 * hashes the files and counts their lines. See `--help`.
 */

import process from "node:process";
import { Consumer, FaktoryError, Producer } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { runMain } from "../usage.ts";
import { filesIn } from "../tools.ts";
import { examine, type FileFacts, report } from "./files.ts";

/** Folders that contain no files of the project itself. */
const SKIPPED = [".git", "node_modules", "dist", "target"];

/** Number of jobs to schedule. The server looks for due jobs every five seconds. */
const SCHEDULED = 3;
const DELAY_MS = 1000;

const help = `deno task demo [FOLDER]

Enqueues a job for each file of a folder, by default of this one, and runs a consumer that hashes
the files and counts their lines. A few jobs are scheduled. One fails on purpose and is then retried
by hand. Uses the server in FAKTORY_URL or FAKTORY_PROVIDER, by default an embedded one.`;

async function main(folder = "."): Promise<void> {
  const paths = await filesIn(folder, SKIPPED);
  if (paths.length === 0) throw new Error(`there are no files in ${folder}`);
  const named = process.env["FAKTORY_URL"] ?? process.env["FAKTORY_PROVIDER"];
  const server = named === undefined ? await FaktoryServer.start({ port: 0 }) : undefined;
  const where = server === undefined ? "your server" : "an embedded server";
  console.log(`${paths.length} files of ${folder}, on ${where}`);
  try {
    await run(paths, server?.url);
  } finally {
    await server?.close();
  }
}

/** Shows the progress in a terminal, on one line. */
function show(text: string): void {
  if (process.stdout.isTTY === true) process.stdout.write(`\r\x1b[K${text}`);
}

async function run(paths: readonly string[], url: string | undefined): Promise<void> {
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
    show(`${facts.length} of ${paths.length} files, ${failed.length} failed`);
    if (missing.size === 0) isDone();
  });
  consumer.on("unreported", ({ error }) => console.error(String(error)));
  const retried = new Promise<string>((resolve) =>
    consumer.on("fail", ({ job, error }) => {
      failed.push(`${job.args[0]}: ${error}`);
      resolve(job.jid);
    })
  );

  await using producer = await Producer.connect({ url });
  const started = performance.now();
  show("enqueuing");
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
  const { done: succeeded, failed: failures } = await running;
  show("");
  console.log(`${facts.length} files examined`);

  await producer.queues.remove(queue);
  console.log(report(facts));
  for (const line of failed) console.log(`failed once, then retried by hand: ${line}`);
  const scheduled = Math.min(SCHEDULED, paths.length - 1);
  console.log(
    `${paths.length} jobs enqueued in ${ms(enqueued - started)} (${scheduled} scheduled), ` +
      `run in ${ms(ended - enqueued)}`,
  );
  console.log(`${succeeded + failures} runs: ${succeeded} succeeded, ${failures} failed`);
}

function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}

void runMain({ help, maxArguments: 1 }, async (_values, [folder]) => {
  try {
    await main(folder);
    return 0;
  } catch (error) {
    console.error(error instanceof FaktoryError ? `${error.code}: ${error.message}` : `${error}`);
    return 1;
  }
});
