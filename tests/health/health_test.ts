import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ConfigError, Consumer, type ConsumerHealth, Discard, Snooze } from "../../mod.ts";
import { type HealthMeasurements, healthOf } from "../../src/consumer/health.ts";
import { ConsumerMetrics, healthHandler, nodeListener } from "../../src/health/mod.ts";
import { numberText, PrometheusText } from "../../src/health/prometheus.ts";
import { once, start, until } from "../consumer/setting.ts";
import { startQuick } from "../server/quick.ts";

function get(path: string, method = "GET"): Request {
  return new Request(`http://127.0.0.1${path}`, { method });
}

async function healthAt(handler: ReturnType<typeof healthHandler>) {
  const response = handler(get("/health?verbose"));
  assert.equal(response.headers.get("content-type"), "application/json");
  return { status: response.status, health: await response.json() as ConsumerHealth };
}

test("a consumer is healthy only while it runs", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 3 });
  const handler = healthHandler(consumer);
  assert.deepEqual(await healthAt(handler), {
    status: 503,
    health: {
      ...{ healthy: false, reasons: ["it is idle"], state: "idle" },
      ...{ wid: consumer.wid, connected: false, busy: 0, concurrency: 3, done: 0, failed: 0 },
      ...{ dead: 0, dropped: 0 },
      ...{ unreported: 0, lagMs: 0 },
    },
  });
  let running: Awaited<ReturnType<typeof healthAt>> | undefined;
  consumer.register("x", async () => {
    running = await healthAt(handler);
  });
  const before = Date.now();
  await producer.enqueue("x");
  await consumer.run({ maxJobs: 1 });
  const { status, health } = running!;
  assert.equal(status, 200);
  const { lastFetchAt, ...rest } = health;
  assert.deepEqual({ ...rest, lagMs: 0 }, {
    ...{ healthy: true, reasons: [], state: "running", wid: consumer.wid, connected: true },
    ...{
      busy: 1,
      concurrency: 3,
      done: 0,
      failed: 0,
      dead: 0,
      dropped: 0,
      unreported: 0,
      lagMs: 0,
    },
  });
  const fetched = new Date(lastFetchAt as unknown as string).getTime();
  assert.ok(fetched >= before && fetched <= Date.now());
  const { healthy, state, done } = consumer.health();
  assert.deepEqual([healthy, state, done], [false, "stopped", 1]);
});

test("a consumer that has lost its server is unhealthy, with a reason", async () => {
  const server = await startQuick();
  const consumer = new Consumer({ url: server.url, reconnect: { initialMs: 5 } });
  const running = once((hear) => consumer.on("state", hear));
  const run = consumer.run();
  await running;
  await server.close();
  await until(() => !consumer.health().connected);
  const { healthy, reasons, connected } = consumer.health();
  assert.deepEqual([healthy, connected], [false, false]);
  assert.deepEqual(reasons, ["it has no connection to the server"]);
  await consumer.stop({ graceMs: 0 });
  await run;
});

test("each possible problem is a reason", () => {
  const vitals: HealthMeasurements = {
    ...{ state: "running", wid: "w", connected: true, busy: 0, concurrency: 1, done: 0 },
    ...{
      failed: 0,
      dead: 0,
      dropped: 0,
      unreported: 0,
      maxUnreported: 1000,
      lagMs: 0,
      beatAgeMs: 15_000,
    },
    ...{ fetchAgeMs: 2000, reportAgeMs: undefined, lastBeatAt: undefined, lastFetchAt: undefined },
  };
  const reasons = (some: Partial<HealthMeasurements>) => healthOf({ ...vitals, ...some }).reasons;
  assert.deepEqual(reasons({}), []);
  assert.deepEqual(reasons({ state: "quiet", fetchAgeMs: undefined }), []);
  assert.deepEqual(reasons({ state: "stopping" }), []);
  assert.deepEqual(reasons({ state: "stopped", connected: false }), [
    "it is stopped",
  ]);
  assert.deepEqual(reasons({ beatAgeMs: 75_000 }), [
    "the server has not answered a heartbeat for 75 s",
  ]);
  assert.deepEqual(reasons({ reportAgeMs: 9000 }), []);
  assert.deepEqual(reasons({ reportAgeMs: 11_000 }), [
    "the server has not confirmed a result for 11 s",
  ]);
  assert.deepEqual(reasons({ fetchAgeMs: 31_000 }), [
    "the server has not answered a FETCH for 31 s",
  ]);
  assert.deepEqual(reasons({ unreported: 1001 }), [
    "it does not fetch, as 1001 results are not confirmed yet",
  ]);
  assert.equal(reasons({ connected: false, beatAgeMs: 1e6, fetchAgeMs: 1e6 }).length, 3);
});

test("metrics count the outcomes of jobs by type and queue, and their duration", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, queues: ["a", "b"] });
  using metrics = new ConsumerMetrics(consumer, { buckets: [60, 0.5 + 60] });
  const ends: Record<string, () => unknown> = {
    works: () => {},
    fails: () => {
      throw new Error("no");
    },
    'of "no" use\\\n': () => new Discard("no"),
    later: () => new Snooze(5),
  };
  for (const [type, end] of Object.entries(ends)) consumer.register(type, end);
  const types = Object.keys(ends);
  for (const queue of ["a", "b"]) {
    for (const type of types) {
      await producer.enqueue(type, [], { queue, retry: queue === "a" ? 5 : -1 });
    }
  }
  await producer.enqueue("works", [], { queue: "a" });
  await consumer.run({ maxJobs: 9 });
  const lines = metrics.text().split("\n");
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).sort();
  assert.deepEqual(of("faktory_jobs_total"), [
    'faktory_jobs_total{type="fails",queue="a",outcome="fail"} 1',
    'faktory_jobs_total{type="fails",queue="b",outcome="fail"} 1',
    'faktory_jobs_total{type="later",queue="a",outcome="snooze"} 1',
    'faktory_jobs_total{type="later",queue="b",outcome="snooze"} 1',
    'faktory_jobs_total{type="of \\"no\\" use\\\\\\n",queue="a",outcome="discard"} 1',
    'faktory_jobs_total{type="of \\"no\\" use\\\\\\n",queue="b",outcome="discard"} 1',
    'faktory_jobs_total{type="works",queue="a",outcome="done"} 2',
    'faktory_jobs_total{type="works",queue="b",outcome="done"} 1',
  ]);
  assert.deepEqual(of("faktory_failed_jobs_total"), [
    'faktory_failed_jobs_total{type="fails",queue="a",next="retry"} 1',
    'faktory_failed_jobs_total{type="fails",queue="b",next="dead"} 1',
  ]);
  const works = lines.filter((line) => line.includes('{type="works",queue="a"'));
  assert.deepEqual(
    works.filter((line) => line.startsWith("faktory_job_duration_seconds_") && !/_sum/.test(line)),
    [
      'faktory_job_duration_seconds_bucket{type="works",queue="a",le="60"} 2',
      'faktory_job_duration_seconds_bucket{type="works",queue="a",le="60.5"} 2',
      'faktory_job_duration_seconds_bucket{type="works",queue="a",le="+Inf"} 2',
      'faktory_job_duration_seconds_count{type="works",queue="a"} 2',
    ],
  );
  for (const line of ["faktory_consumer_healthy 0", "faktory_consumer_concurrency 10"]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(lines.includes("faktory_consumer_fetch_error_total 0"));
  // Each metric appears once, with its type before its samples, and the text ends with a line end.
  const heads = lines.filter((line) => line.startsWith("# TYPE"));
  assert.equal(new Set(heads).size, heads.length);
  assert.equal(lines.at(-1), "");
  for (const line of lines.slice(0, -1)) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^\n]*",?)+\})? [\d.e+-]+)$/);
  }
});

test("types above the limit are counted as other, until it is disposed", () => {
  const listeners = new Map<string, (detail: unknown) => void>();
  const consumer = {
    on(event: string, listener: (detail: unknown) => void) {
      listeners.set(event, listener);
      return () => void listeners.delete(event);
    },
    health: () => new Consumer().health(),
  } as unknown as Consumer;
  const metrics = new ConsumerMetrics(consumer);
  for (let i = 0; i < 1500; i++) {
    listeners.get("done")?.({ job: { type: `t${i}`, queue: "q" }, elapsedMs: 1 });
  }
  assert.match(metrics.text(), /faktory_jobs_total{type="other",queue="other",outcome="done"} 500/);
  // With long names too, the text stays small enough for a scrape.
  for (let i = 0; i < 1000; i++) {
    const job = { type: `${i}`.repeat(40_000), queue: "q".repeat(i) };
    listeners.get("done")?.({ job, elapsedMs: 1 });
    listeners.get("done")?.({ job: { type: `t${i}`, queue: "x".repeat(i) }, elapsedMs: 1 });
  }
  assert(metrics.text().length < 10_000_000, `${metrics.text().length}`);
  metrics[Symbol.dispose]();
  assert.equal(listeners.size, 0);
});

test("the text escapes special characters, and formats numbers for Go", () => {
  const text = new PrometheusText().metric("m", "gauge", "a \\ and\na line")
    .sample("m", { l: 'q"\\\n\ud800' }, 1).toString();
  assert.equal(
    text,
    '# HELP m a \\\\ and\\na line\n# TYPE m gauge\nm{l="q\\"\\\\\\n\ufffd"} 1\n',
  );
  assert.deepEqual([Infinity, -Infinity, NaN, 1e21, 0.1].map(numberText), [
    ...["+Inf", "-Inf", "NaN", "1e+21", "0.1"],
  ]);
});

test("other paths and methods are refused, and paths can be changed or disabled", async () => {
  const consumer = new Consumer();
  const handler = healthHandler(consumer, { healthPath: "/up", metricsPath: false });
  const statuses = [
    get("/up"),
    get("/up", "HEAD"),
    get("/up", "POST"),
    get("/health"),
    get("/metrics"),
  ]
    .map((request) => handler(request).status);
  assert.deepEqual(statuses, [503, 503, 405, 404, 404]);
  assert.equal(await handler(get("/up", "HEAD")).text(), "");
  const metrics = healthHandler(consumer)(get("/metrics"));
  assert.equal(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.throws(() => healthHandler(consumer, { healthPath: "up" }), ConfigError);
  for (const buckets of [[], [1, 1], [0], ["1"], 5]) {
    assert.throws(() => new ConsumerMetrics(consumer, { buckets } as never), ConfigError);
  }
});

test("an internal error is a response with status 500", async () => {
  const broken = new Consumer();
  broken.health = () => {
    throw new RangeError("Invalid string length");
  };
  const handler = healthHandler(broken);
  for (const path of ["/health", "/metrics"]) {
    assert.equal(handler(new Request(`http://localhost${path}`)).status, 500);
  }
  const throwing = nodeListener(() => {
    throw new RangeError("Invalid string length");
  });
  for (const url of ["/health", "//", "/\\\\"]) {
    const status = await new Promise((resolve) =>
      throwing({ method: "GET", url }, { writeHead: resolve, end() {} })
    );
    assert.equal(status, 500);
  }
});

test("Node's server can use the handler", async () => {
  const server = createServer(nodeListener(healthHandler(new Consumer())));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answers = await Promise.all([
    fetch(`${url}/health`),
    fetch(`${url}/metrics`),
    fetch(`${url}/health`, { method: "PUT" }),
    fetch(`${url}/other`),
  ]);
  assert.deepEqual(answers.map(({ status }) => status), [503, 200, 405, 404]);
  assert.equal((await answers[0]!.json()).state, "idle");
  assert.match(await answers[1]!.text(), /^faktory_consumer_busy 0$/m);
  await answers[2]!.text();
  await answers[3]!.text();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
