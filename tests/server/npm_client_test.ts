import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, type Job, Worker } from "faktory-worker";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";

/** The npm package `faktory-worker`, which does not know this package, on the embedded server. */

async function setting(options: { password?: string } = {}) {
  const clock = new ManualClock(Date.now());
  const server = await FaktoryServer.start({ port: 0, clock, ...options });
  const client = new Client({ url: server.url, poolSize: 2 });
  /** Waits for a condition, and advances the clock, so that no FETCH waits for long. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (server.snapshot().waiting > 0) clock.advance(2000);
    }
  };
  const settled = async <T>(promise: Promise<T>) => {
    let isSettled = false;
    promise.finally(() => isSettled = true).catch(() => {});
    await until(() => isSettled);
    return await promise;
  };
  const close = async () => {
    await settled(client.close());
    await server.close();
  };
  return { clock, server, client, until, settled, close };
}

test("faktory-worker enqueues, works, fails and retries", async () => {
  const { server, client, until, settled, close } = await setting({ password: "pass/wörd" });
  const job: Job = client.job("resize", "cat.png", { width: 320 });
  job.queue = "images";
  const jid = await job.push();
  assert.deepEqual(server.snapshot().queues, { images: 1 });
  const bulk = ["a", "b"].map((name) => client.job("resize", name, {}));
  bulk[1]!.jobtype = "";
  const rejected = await client.pushBulk(bulk);
  assert.deepEqual(
    Object.values(rejected as Record<string, { reason: string }>)
      .map(({ reason }) => reason),
    ["jobs must have a jobtype parameter"],
  );

  const seen: unknown[][] = [];
  const worker = new Worker({ url: server.url, concurrency: 1, queues: ["images", "default"] });
  worker.register("resize", (...args: unknown[]) => {
    seen.push(args);
    if (seen.length === 1) throw Object.assign(new Error("no such cat"), { code: "ENOCAT" });
  });
  const failed: unknown[] = [];
  worker.on("fail", ({ error }: { error: unknown }) => failed.push(error));
  await settled(worker.work());
  await until(() => server.snapshot().processed === 2);
  assert.deepEqual(seen, [["cat.png", { width: 320 }], ["a", {}]]);
  assert.equal((failed[0] as Error).message, "no such cat");
  assert.equal(server.snapshot().retries, 1);
  await client.retries.withJids(jid).requeue();
  await until(() => server.snapshot().processed === 3);
  assert.deepEqual(seen[2], seen[0]);
  // Its types describe an older server.
  const { queues, sets } = (await client.info()).faktory as unknown as Record<string, unknown>;
  assert.deepEqual(queues, { default: 0, images: 0 });
  assert.deepEqual(sets, { dead: 0, retries: 0, scheduled: 0, working: 0 });
  await settled(worker.stop());
  await close();
});

test("faktory-worker goes quiet, and terminates, when it is told to", async () => {
  const { server, client, until, settled, close } = await setting();
  const worker = new Worker({ url: server.url, wid: "npm-worker", concurrency: 1 });
  const isQuiet = () => (worker as unknown as { quieted: boolean }).quieted;
  await settled(worker.work());
  assert(server.signalWorker("npm-worker", "quiet"));
  assert.equal(isQuiet(), false);
  await settled(worker.beat());
  assert.equal(isQuiet(), true);
  await until(() => server.snapshot().waiting === 0);
  await client.job("never").push();
  assert.deepEqual(server.snapshot().queues, { default: 1 });
  assert(server.signalWorker("npm-worker", "terminate"));
  await settled(worker.beat());
  await until(() => server.snapshot().workers === 0);
  await close();
});

test("faktory-worker schedules and clears jobs", async () => {
  const { server, client, close } = await setting();
  for (const name of ["a", "b"]) {
    const job = client.job(name);
    job.at = new Date("2099-01-01T00:00:00Z");
    await job.push();
  }
  assert.equal(server.snapshot().scheduled, 2);
  await client.scheduled.ofType("a").kill();
  await client.scheduled.clear();
  const { scheduled, dead } = server.snapshot();
  assert.deepEqual([scheduled, dead], [0, 1]);
  assert.equal(await client.flush(), "OK");
  assert.equal(server.snapshot().dead, 0);
  await close();
});
