import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, resumable } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { pass } from "../consumer/setting.ts";
import { merge } from "../../src/dashboard/view/chart.ts";
import { textOf, valuesOf, withDashboard } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

test("lists are sorted by type, queue, error and attempts", async () => {
  const types = ["mail", "audit", "resize"];
  const jobs = types.map((type, i) => ({
    type,
    at: new Date(later.getTime() + i),
    queue: `q${i}`,
  }));
  await withDashboard({ jobs }, async ({ visit, server }) => {
    const order = async (path: string) =>
      [...(await visit(path)).text.matchAll(/<bdi>(mail|audit|resize)<\/bdi>/g)].map(([, t]) => t);
    assert.deepEqual(await order("/scheduled"), ["mail", "audit", "resize"]);
    assert.deepEqual(await order("/scheduled?order=type"), ["audit", "mail", "resize"]);
    assert.deepEqual(await order("/scheduled?order=queue"), ["mail", "audit", "resize"]);
    assert.deepEqual(await order("/scheduled?order=type&type=mail"), ["mail"]);
    const { text } = await visit("/scheduled?order=type&text=udit");
    assert.match(text, /value="type"\s+selected/);
    assert.match(textOf(text), /1 job found, searched 3 of 3/);
    assert.match(text, /<input type="hidden" name="order" value="type">/);
    await server.kill({ set: "scheduled", all: true });
    for (const by of ["error", "attempts", "newest"]) {
      assert.equal((await order(`/dead?order=${by}`)).length, 3);
    }
  });
});

test("jobs of a queue are killed and discarded after a confirmation", async () => {
  const jobs = Array.from({ length: 6 }, (_, i) => (
    { type: "a", queue: "images", jid: `queued-job-${i}` }
  ));
  await withDashboard({ jobs }, async ({ visit, server }) => {
    const post = async (form: Record<string, string | string[]>) =>
      await visit("/queue", { form: { name: "images", ...form } });
    const one = { one: "discard:queued-job-1" };
    const question = await post(one);
    assert.match(textOf(question.text), /Discard the job queued-job-1\? This cannot be undone\./);
    assert.deepEqual(valuesOf(question.text, "value"), [
      ...["discard:queued-job-1", "images", "yes"],
    ]);
    assert.equal(server.queues().jobs, 6);
    const done = await post({ ...one, confirmed: "yes" });
    assert.equal(done.headers.get("location"), "/queue?name=images&did=discard&jobs=1");
    const again = await post({ ...one, confirmed: "yes" });
    assert.equal(again.headers.get("location"), "/queue?name=images&did=gone");
    await post({ one: "kill:queued-job-2" });
    const bulk = { bulk: "discard:selected", jid: ["queued-job-0", "queued-job-5", "none"] };
    assert.match(textOf((await post(bulk)).text), /Discard 2 jobs\?/);
    await post({ ...bulk, confirmed: "yes" });
    assert.deepEqual([server.queues().jobs, server.snapshot().dead], [2, 1]);
    // Jobs of a queue are changed by their ids only.
    assert.equal((await post({ bulk: "discard:matching", confirmed: "yes" })).status, 400);
    assert.equal((await post({ one: "retry:queued-job-3" })).status, 400);

    const form = { jid: "queued-job-3", set: "queue", queue: "images", action: "discard" };
    assert.match(textOf((await visit("/job", { form })).text), /Discard the job queued-job-3\?/);
    const own = await visit("/job", { form: { ...form, confirmed: "yes" } });
    assert.equal(own.headers.get("location"), "/queue?name=images&did=discard&jobs=1");
    assert.equal(server.queues().jobs, 1);
  });
});

test("a waiting job and a running job are cancelled from their pages", async () => {
  const jobs = [{ type: "slow", jid: "running-job" }, { type: "slow", jid: "waiting-job" }];
  await withDashboard({ jobs }, async ({ visit, server }) => {
    const cancel = async (jid: string, set: string, more = {}) =>
      await visit("/job", { form: { jid, set, action: "cancel", ...more } });
    const clock = new ManualClock(Date.now());
    const consumer = new Consumer({ url: server.url, clock, cancellation: true });
    const cancelled = deferred();
    const reason = deferred<unknown>();
    consumer.register("slow", async (_job, { signal }) => {
      signal.addEventListener("abort", () => reason.resolve(signal.reason));
      const question = textOf((await cancel("running-job", "working")).text);
      assert.match(question, /Cancel the job running-job\?.*within ten seconds/);
      const done = await cancel("running-job", "working", { confirmed: "yes" });
      assert.equal(done.headers.get("location"), "/job?jid=running-job&did=abort");
      const { status, text } = await visit("/job?jid=running-job&did=abort");
      assert.equal(status, 200);
      assert.match(textOf(text), /This job was cancelled while it ran\. Attempts .* 1 cancelled/);
      cancelled.resolve();
      await reason.promise;
    });
    const run = consumer.runOne();
    await cancelled.promise;
    // Workers ask the server for cancelled jobs every five seconds.
    const found = await pass(clock, consumer, reason.promise);
    assert.equal((found as { code?: unknown }).code, "CANCELLED");
    assert(await run);
    const waiting = await cancel("waiting-job", "queue", { confirmed: "yes" });
    assert.equal(waiting.headers.get("location"), "/job?jid=waiting-job&did=cancel");
    assert.equal((await visit("/job?jid=waiting-job")).status, 404);
    const gone = await cancel("waiting-job", "queue", { confirmed: "yes" });
    assert.equal(gone.headers.get("location"), "/job?jid=waiting-job&did=gone");
    assert.equal((await cancel("x", "dead")).status, 200);
    assert.equal((await cancel("x", "elsewhere")).status, 400);
    assert.equal(server.queues().jobs, 0);
  });
});

test("a job's page lists its attempts, even after it has succeeded", async () => {
  const jobs = [{ type: "resize", jid: "retried-job" }];
  await withDashboard({ jobs }, async ({ visit, fail, server }) => {
    await fail("resize", "first");
    await server.retry("retried-job");
    await fail("resize", "second");
    const failed = textOf((await visit("/job?jid=retried-job")).text);
    assert.match(failed, /Attempts .* 2 failed RangeError second .* 1 failed RangeError first/);
    await server.retry("retried-job");
    const consumer = new Consumer({ url: server.url, wid: "worker-no-3" });
    consumer.register("resize", () => {});
    assert(await consumer.runOne());
    const { status, text } = await visit("/job?jid=retried-job");
    assert.equal(status, 200);
    assert.match(textOf(text), /This job has succeeded.* 3 succeeded worker-no-3 .* 2 failed/);
    assert(!text.includes('method="post" action="/job"'));
  });
});

test("a job's page shows its cursor and its progress", async () => {
  const jobs = [
    { type: "export", jid: "resumed-job", custom: { resumeAt: { page: 7 } } },
    { type: "track", jid: "tracked-job", custom: { track: 1 } },
  ];
  await withDashboard({ jobs, server: { edition: "enterprise" } }, async ({ visit, server }) => {
    const consumer = new Consumer({ url: server.url });
    const seen: string[] = [];
    consumer.register(
      "export",
      resumable<[], { page: number }>(async function* (_job, { cursor }) {
        seen.push(`page ${cursor?.page}`);
        const text = textOf((await visit("/job?jid=resumed-job")).text);
        assert.match(text, /Resumes at \{"page":7\}/);
        yield { page: 8 };
      }),
    );
    consumer.register("track", async (_job, { progress }) => {
      await progress(42, "<b>half</b> way");
      const { text } = await visit("/job?jid=tracked-job");
      assert.match(text, /<progress value="42" max="100"/);
      assert.match(textOf(text), /42 % <b>half<\/b> way (?:now|\d+ s ago)/);
      seen.push("tracked");
    });
    await consumer.run({ maxJobs: 2 });
    assert.deepEqual(seen.sort(), ["page 7", "tracked"]);
  });
});

test("recurring jobs of the server's option cron are listed", async () => {
  const cron = [{ schedule: "0 3 * * *", job: { type: "backup", args: ["<b>"], queue: "nights" } }];
  await withDashboard({ server: { edition: "enterprise", cron } }, async ({ visit }) => {
    const { text } = await visit("/recurring");
    assert.match(
      textOf(text),
      /0 3 \* \* \* cron of the server, UTC backup nights \["<b>"\] in \d+ .* in \d+ /,
    );
    assert.equal(JSON.parse((await visit("/api/recurring")).text)[0].next.length, 3);
  });
});

test("the chart leaves out the current interval", () => {
  const points = (count: number, first: number) =>
    Array.from({ length: count }, (_, i) => (
      { at: new Date((first + i) * 10_000), enqueued: 0, processed: 1, failed: 0 }
    ));
  for (let first = 100; first < 106; first++) {
    const merged = merge(points(360, first));
    // Each group has two points and begins at an even one.
    assert(merged.every(({ at, processed }) => at.getTime() % 20_000 === 0 && processed === 2));
    assert(merged.length >= 178, String(merged.length));
    const end = merged.at(-1)!.at.getTime() + 20_000;
    assert(end <= (first + 359) * 10_000, "it reaches into the last point");
  }
  assert.equal(merge(points(100, 0)).length, 99);
  assert.deepEqual(merge([]), []);
  assert.deepEqual(merge(points(1, 0)), []);
});
