import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { serverMetrics } from "../../src/health/mod.ts";
import { startQuick } from "../server/quick.ts";

test("the metrics of a server include queues, sets and connections", async () => {
  const server = await startQuick();
  const producer = await Producer.connect({ url: server.url, reconnect: false });
  const later = new Date(Date.now() + 60_000);
  for (const queue of ["images", "images", "mail"]) await producer.enqueue("x", [], { queue });
  const jid = await producer.enqueue("x", [], { queue: "odd", at: later });
  await producer.enqueue("x", [], { at: later });
  await producer.sets.scheduled.requeue({ jids: [jid] });
  // Its name contains a time, so it may not become a metric.
  await producer.enqueue("x", [], { queue: "faktory.cron.nightly.alive.1" });
  const metrics = serverMetrics(producer);
  const text = await metrics.text();
  for (
    const line of [
      "faktory_server_up 1",
      'faktory_queue_jobs{queue="images"} 2',
      'faktory_queue_jobs{queue="odd"} 1',
      "faktory_other_queues 1",
      "faktory_other_queues_jobs 1",
      'faktory_set_jobs{set="scheduled"} 1',
      'faktory_set_jobs{set="dead"} 0',
      "faktory_server_connections 1",
      "faktory_server_processed_total 0",
    ]
  ) assert(text.includes(`\n${line}\n`), `${line} in ${text}`);
  assert.match(text, /\nfaktory_queue_latency_seconds\{queue="mail"\} [\d.e-]+\n/);
  // Its job was scheduled, and has no time at which it was enqueued.
  assert(!text.includes('faktory_queue_latency_seconds{queue="odd"}'), text);

  const few = await serverMetrics(producer, { maxQueues: 1 }).text();
  assert.deepEqual(few.match(/^faktory_\w*queue.*\d$/gm)?.filter((line) => !/latency/.test(line)), [
    'faktory_queue_jobs{queue="images"} 2',
    "faktory_other_queues 3",
    "faktory_other_queues_jobs 3",
  ]);

  const response = await metrics.handler(new Request("http://localhost/metrics"));
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await response.text(), /^# HELP faktory_server_up /);
  const post = new Request("http://localhost/metrics", { method: "POST" });
  assert.equal((await metrics.handler(post)).status, 405);

  await server.close();
  assert.match(await metrics.text(), /\nfaktory_server_up 0\n$/);
  await producer.close();
});

test("a server that does not answer in time is down", async () => {
  const silent = { info: () => new Promise(() => {}) } as unknown as Producer;
  assert.match(await serverMetrics(silent, { timeoutMs: 1 }).text(), /\nfaktory_server_up 0\n$/);
  assert.throws(() => serverMetrics(silent, { maxQueues: -1 }), { code: "INVALID_OPTION" });
});
