/**
 * `deno task demo [FOLDER]`: a job for each file of a folder, and a consumer that hashes the files
 * and counts their lines. A few of the jobs are scheduled, and one fails on purpose and is then
 * retried by hand. It runs on the server of FAKTORY_URL or FAKTORY_PROVIDER where one is named,
 * else on an embedded one.
 */

import process from "node:process";
import * as prompts from "@clack/prompts";
import { Consumer, FaktoryError, Producer } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { examine, type FileFacts, filesBelow } from "./files.ts";
import { tableOf } from "./report.ts";

/**
 * Jobs that are scheduled for a moment from now; the server looks for those that are due every five
 * seconds.
 */
const SCHEDULED = 3;
const DELAY_MS = 1000;

async function main(folder = "."): Promise<void> {
  const paths = await filesBelow(folder);
  if (paths.length === 0) throw new Error(`there is no file in ${folder}`);
  const named = process.env["FAKTORY_URL"] ?? process.env["FAKTORY_PROVIDER"];
  const server = named === undefined ? await FaktoryServer.start({ port: 0 }) : undefined;
  prompts.intro(
    `${paths.length} files of ${folder}, on ${
      server === undefined ? "your server" : "an embedded server"
    }`,
  );
  try {
    await run(paths, server?.url);
  } finally {
    await server?.close();
  }
}

async function run(paths: readonly string[], url: string | undefined): Promise<void> {
  const queue = `demo-${Date.now().toString(36)}`;
  const bar = prompts.progress({ max: paths.length, style: "heavy" });
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
  bar.start("enqueueing");
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
  // Told to be failed, it is among the retries in a moment; it need not wait for its time.
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
  console.log(
    `enqueued in ${ms(enqueued - started)}, run in ${ms(ended - enqueued)} with ${
      Math.min(SCHEDULED, paths.length - 1)
    } jobs scheduled; ${report.done} done, ${report.failed} failed, ended as it was ${report.reason}`,
  );
}

function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}

main(process.argv[2]).catch((error) => {
  console.error(error instanceof FaktoryError ? `${error.code}: ${error.message}` : String(error));
  process.exitCode = 1;
});
