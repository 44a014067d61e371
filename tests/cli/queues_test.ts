import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { faktory, withServer } from "./setting.ts";

/** Calls `use` with a server that has these jobs, and with the command on it. */
async function withJobs(
  jobs: readonly (readonly [type: string, queue: string, at?: Date])[],
  use: (
    run: (...args: string[]) => Promise<{ stdout: string; json: Record<string, unknown> }>,
    server: FaktoryServer,
  ) => Promise<void>,
): Promise<void> {
  await withServer({}, async (server) => {
    const producer = await Producer.connect({ url: server.url });
    for (const [type, queue, at] of jobs) await producer.enqueue({ type, queue, at });
    await producer.close();
    await use(async (...args) => {
      const result = await faktory([...args, "--url", server.url]);
      assert.deepEqual([result.status, result.stderr], [0, ""]);
      const { stdout } = result;
      return { stdout, json: args.includes("--json") ? JSON.parse(stdout) : {} };
    }, server);
  });
}

const soon = new Date(Date.now() + 3_600_000);

test("queues lists them, as a group and as a command", async () => {
  await withJobs([["a", "images"], ["a", "default"], ["a", "images"]], async (run, { port }) => {
    for (const args of [["queues"], ["queues", "list"]]) {
      assert.equal((await run(...args)).stdout, "queue    jobs\ndefault     1\nimages      2\n");
    }
    assert.deepEqual((await run("queues", "--json")).json, {
      url: `tcp://127.0.0.1:${port}`,
      queues: { default: 1, images: 2 },
    });
  });
  await withJobs([], async (run) => {
    assert.equal((await run("queues")).stdout, "No queues\n");
    assert.equal((await run("queues", "latency")).stdout, "No queues\n");
  });
});

test("internal queues are not listed, unless they are named", async () => {
  const internal = "faktory.cron.nightly.alive.1";
  await withJobs([["a", internal], ["a", "images"]], async (run) => {
    assert.equal((await run("queues")).stdout, "queue   jobs\nimages     1\n");
    assert.deepEqual((await run("queues", "--json")).json["queues"], { images: 1 });
    assert.deepEqual((await run("info", "--json")).json["queues"], { images: 1 });
    const { queues } = (await run("top", "--count", "1", "--json")).json;
    assert.deepEqual(Object.keys(queues as object), ["images"]);
    const latency = async (...names: string[]) =>
      Object.keys((await run("queues", "latency", ...names, "--json")).json["latency"] as object);
    assert.deepEqual(await latency(), ["images"]);
    assert.deepEqual(await latency(internal), [internal]);
    assert.equal((await run("queues", "jobs", internal, "--json")).json["size"], 1);
  });
});

test("queues pause and resume work for some queues and for all", async () => {
  await withJobs([["a", "images"], ["a", "mail"]], async (run, { url }) => {
    const consumer = new Consumer({ url, queues: ["images", "mail"] });
    const ran: string[] = [];
    consumer.register("a", ({ queue }) => void ran.push(queue));
    assert.equal((await run("queues", "pause", "images", "mail")).stdout, "Paused images, mail\n");
    assert.equal(await consumer.runOne(), false);
    assert.equal((await run("queues", "resume", "mail")).stdout, "Resumed mail\n");
    assert.equal(await consumer.runOne(), true);
    assert.deepEqual(ran, ["mail"]);
    assert.equal((await run("queues", "pause", "*")).stdout, "Paused all queues\n");
    const { json } = await run("queues", "resume", "*", "--json");
    assert.deepEqual([json["action"], json["queues"]], ["resume", ["*"]]);
    assert.equal(await consumer.runOne(), true);
    assert.deepEqual(ran, ["mail", "images"]);
  });
});

test("queues remove deletes their jobs", async () => {
  await withJobs([["a", "images"], ["a", "mail"]], async (run, server) => {
    assert.equal((await run("queues", "remove", "images", "--yes")).stdout, "Removed images\n");
    assert.deepEqual(server.snapshot().queues, { mail: 1 });
  });
});

test("queues latency prints how long jobs have waited", async () => {
  await withJobs([["a", "images"], ["a", "mail"]], async (run) => {
    assert.match(
      (await run("queues", "latency")).stdout,
      /^queue {3}oldest job\nimages {2}\d+\.\d{3} s\nmail {4}\d+\.\d{3} s\n$/,
    );
    const { json } = await run("queues", "latency", "mail", "--json");
    const [[name, seconds] = [], ...more] = Object.entries(json["latency"] as object);
    assert.deepEqual([name, typeof seconds, more], ["mail", "number", []]);
  });
});

test("jobs of a set are requeued, killed, discarded and cleared", async () => {
  const jobs = ["a", "b", "c", "d", "e"].map((type) => [type, "images", soon] as const);
  await withJobs(jobs, async (run, server) => {
    const change = await run("scheduled", "requeue", "--type", "a");
    assert.equal(change.stdout, "scheduled: 5 jobs before, 4 after\n");
    await run("scheduled", "kill", "--pattern", '*"jobtype":"b"*');
    await run("scheduled", "kill", "--regexp", '*"jobtype":"c"*');
    const { queues, scheduled, dead } = server.snapshot();
    assert.deepEqual([queues, scheduled, dead], [{ images: 1 }, 2, 2]);
    const { json } = await run("dead", "discard", "--all", "--json");
    assert.deepEqual([json["action"], json["before"], json["after"]], ["discard", 2, 0]);
    await run("scheduled", "clear", "--yes");
    assert.equal(server.snapshot().scheduled, 0);
  });
});

test("jobs are selected by their ids", async () => {
  await withServer({}, async (server) => {
    const producer = await Producer.connect({ url: server.url });
    const jids: string[] = [];
    for (let i = 0; i < 3; i++) jids.push(await producer.enqueue({ type: "a", at: soon }));
    await producer.close();
    const flags = jids.slice(0, 2).flatMap((jid) => ["--jid", jid]);
    const args = ["scheduled", "discard", ...flags, "--url", server.url];
    assert.equal((await faktory(args)).status, 0);
    assert.equal(server.snapshot().scheduled, 1);
  });
});
