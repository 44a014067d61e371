import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AggregationTemporality } from "@opentelemetry/sdk-metrics";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  ConfigError,
  Consumer,
  defineJobs,
  Discard,
  Job,
  job,
  Kill,
  Producer,
  RetryAfter,
  Snooze,
} from "../../mod.ts";
import { openTelemetry } from "../../src/telemetry/mod.ts";
import { Contexts, start } from "./setting.ts";

before(() => void context.setGlobalContextManager(new Contexts()));
after(() => context.disable());

test("a job's life is one trace: its enqueue, its runs, and its handler's calls", async () => {
  await using setting = await start();
  const { server, spans, tracer } = setting;
  await using producer = await setting.producer();
  const jid = await tracer.startActiveSpan("request", async (span) => {
    const jid = await producer.enqueue("x", ["secret"], { queue: "images", custom: { own: 1 } });
    span.end();
    return jid;
  });
  const consumer = setting.consumer({ queues: ["images"] });
  consumer.register("x", async (job, { producer }) => {
    assert.equal(job.custom["own"], 1);
    tracer.startSpan("inner").end();
    await producer.enqueue("y");
  });
  await consumer.run({ maxJobs: 1 });

  const [send, inner, nested, process, request] = [
    "send images",
    "inner",
    "send default",
    "process",
    "request",
  ]
    .map((name) => spans(name)[0]!);
  const parentOf = (span?: typeof send) => span?.parentSpanContext?.spanId;
  assert.equal(parentOf(send), request!.spanContext().spanId);
  assert.equal(parentOf(process), send!.spanContext().spanId);
  assert.equal(parentOf(inner), process!.spanContext().spanId);
  assert.equal(parentOf(nested), process!.spanContext().spanId);
  assert.equal(new Set(spans().map((span) => span.spanContext().traceId)).size, 1);
  assert.deepEqual([send!.kind, process!.kind], [SpanKind.PRODUCER, SpanKind.CONSUMER]);
  const common = {
    "messaging.system": "faktory",
    "messaging.destination.name": "images",
    "messaging.message.id": jid,
    "server.address": "127.0.0.1",
    "server.port": server.port,
    "faktory.job.type": "x",
  };
  assert.deepEqual(send!.attributes, {
    ...common,
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
  });
  assert.deepEqual(process!.attributes, {
    ...common,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.client.id": consumer.wid,
    "faktory.job.attempt": 1,
    "faktory.job.outcome": "done",
  });
  const all = JSON.stringify(
    spans().map(({ name, attributes, events }) => [name, attributes, events]),
  );
  assert.doesNotMatch(all, /secret/);
});

test("many jobs at once have one span, whose trace all of them carry", async () => {
  await using setting = await start();
  const { spans } = setting;
  const jobs = defineJobs({ x: job({ queue: "a", custom: { own: 1 } }) });
  await using producer = await setting.producer({ jobs });
  await producer.enqueueMany([{ type: "x" }, new Job("x", [1]), { type: "x", args: [2] }]);
  await producer.enqueueMany((async function* () {
    yield { type: "x", queue: "b" };
    yield await Promise.resolve({ type: "x", queue: "c" });
  })());
  const consumer = setting.consumer({ queues: ["a", "b", "c"] });
  consumer.register("x", ({ custom }) => assert.equal(custom["own"], 1));
  await consumer.run({ maxJobs: 5 });

  const [first, second, ...others] = spans("send");
  assert.deepEqual(others, []);
  assert.equal(first!.attributes["messaging.batch.message_count"], 3);
  assert.deepEqual([second!.name, second!.attributes["messaging.batch.message_count"]], [
    "send",
    2,
  ]);
  const parents = spans("process").map(({ parentSpanContext }) => parentSpanContext?.spanId);
  const ids = [first, second].map((span) => span!.spanContext().spanId);
  assert.deepEqual(parents.sort(), [ids[0], ids[0], ids[0], ids[1], ids[1]].sort());
  const { unit, points } = await setting.points("messaging.client.sent.messages");
  assert.equal(unit, "{message}");
  assert.equal(points.reduce((sum, { value }) => sum + (value as number), 0), 5);
});

test("with links, each run is a new trace with a link to the enqueue", async () => {
  await using setting = await start({ relation: "link" });
  await using producer = await setting.producer();
  await producer.enqueue("x");
  const consumer = setting.consumer();
  consumer.register("x", () => {});
  await consumer.run({ maxJobs: 1 });
  const [send] = setting.spans("send");
  const [process] = setting.spans("process");
  assert.equal(process!.parentSpanContext, undefined);
  assert.deepEqual(process!.links.map(({ context }) => context.spanId), [
    send!.spanContext().spanId,
  ]);
});

test("runs record their outcome: failures are errors, other outcomes are not", async () => {
  await using setting = await start();
  await using producer = await setting.producer();
  const ends: Record<string, () => unknown> = {
    failed: () => Promise.reject(Object.assign(new RangeError("too far"), { code: "E_FAR" })),
    thrown: () => {
      throw new TypeError("no");
    },
    discard: () => new Discard("of no use"),
    kill: () => {
      throw new Kill("for good");
    },
    retry: () => new RetryAfter(5),
    snooze: () => Promise.reject(new Snooze(5)),
    done: () => "fine",
  };
  const consumer = setting.consumer();
  for (const [type, end] of Object.entries(ends)) consumer.register(type, end);
  for (const type of [...Object.keys(ends), "unknown"]) await producer.enqueue(type);
  await consumer.run({ maxJobs: 8 });
  const counts = Object.fromEntries(
    setting.spans("process").map(({ attributes, status, events }) => [
      attributes["faktory.job.type"],
      [
        attributes["faktory.job.outcome"],
        attributes["error.type"],
        status.code === SpanStatusCode.ERROR,
        events.length,
      ],
    ]),
  );
  assert.deepEqual(counts, {
    failed: ["failed", "E_FAR", true, 1],
    thrown: ["failed", "TypeError", true, 1],
    discard: ["discard", undefined, false, 0],
    kill: ["kill", "Kill", true, 1],
    retry: ["retry", "RetryAfter", true, 1],
    snooze: ["snooze", undefined, false, 0],
    done: ["done", undefined, false, 0],
    unknown: ["failed", "NOT_REGISTERED", true, 1],
  });
  const { points } = await setting.points("messaging.process.duration");
  assert.equal(points.length, 8);
  await producer.enqueue("failed", [], { retry: -1 });
  await producer.enqueue("kill", [], { retry: 0 });
  await consumer.run({ maxJobs: 2 });
  const failed = await setting.points("faktory.consumer.failed_jobs");
  assert.deepEqual(
    failed.points.map(({ attributes, value }) => [Object.values(attributes).at(-1), value]).sort(),
    [["dead", 2], ["dropped", 1], ["retry", 4]],
  );
  const nexts = setting.spans("process").map(({ attributes }) => attributes["faktory.job.next"]);
  assert.deepEqual(nexts.slice(-2), ["dead", "dropped"]);
});

test("a second attempt is a span of the same trace, with its number", async () => {
  await using setting = await start();
  await using producer = await setting.producer();
  const consumer = setting.consumer();
  consumer.register("x", (_job, { attempt }) => {
    if (attempt === 1) throw new Error("at first");
  });
  await producer.enqueue("x");
  await consumer.run({ maxJobs: 1 });
  await producer.sets.retries.requeue({ type: "x" });
  await consumer.run({ maxJobs: 1 });
  const runs = setting.spans("process");
  assert.deepEqual(runs.map(({ attributes }) => attributes["faktory.job.attempt"]), [1, 2]);
  assert.equal(new Set(runs.map((span) => span.spanContext().traceId)).size, 1);
});

test("refused jobs are recorded, and reach the caller as usual", async () => {
  await using setting = await start();
  const { telemetry, server } = setting;
  await using producer = await setting.producer();
  await using plain = await Producer.connect({ url: server.url });
  const bad: unknown[] = [
    { type: "" },
    { type: "x", args: [1n] },
    { type: "x", custom: "text" },
    { type: "x", custom: [1] },
    { type: "x", custom: new Date() },
    null,
    7,
  ];
  for (const one of bad) {
    const expected = await plain.enqueue(one as never).catch((error) => error);
    const error = await producer.enqueue(one as never).catch((error) => error);
    assert.deepEqual([error.name, error.code, error.message], [
      ...[expected.name, expected.code, expected.message],
    ]);
  }
  const messages = async (one: Producer) =>
    [...(await one.enqueueMany([...bad, { type: "x" }] as never)).failed.values()]
      .map(({ message }) => message);
  assert.deepEqual(await messages(producer), await messages(plain));
  await assert.rejects(producer.enqueueMany(7 as never), { message: /not iterable/ });
  const [first] = setting.spans("send");
  assert.equal(first!.status.code, SpanStatusCode.ERROR);
  assert.equal(first!.attributes["error.type"], "INVALID_TYPE");
  const many = setting.spans("send").find(({ attributes }) =>
    attributes["messaging.batch.message_count"] === bad.length + 1
  );
  assert.equal(many!.attributes["faktory.batch.failed_count"], bad.length);
  assert.throws(() => new Consumer({ telemetry: {} as never }), ConfigError);
  await assert.rejects(Producer.connect({ telemetry: 1 as never }), ConfigError);
  assert.throws(() => openTelemetry({ relation: "aunt" as never }), ConfigError);
  assert.doesNotThrow(() => new Consumer({ telemetry }));
});

test("metrics: durations in seconds with buckets, and counts", async () => {
  await using setting = await start();
  await using producer = await setting.producer();
  await producer.enqueue("x");
  const consumer = setting.consumer();
  consumer.register("x", () => {});
  await consumer.run({ maxJobs: 1 });
  const { unit, points } = await setting.points("messaging.client.operation.duration");
  assert.equal(unit, "s");
  const { buckets, count } = points[0]!.value as {
    count: number;
    buckets: { boundaries: number[] };
  };
  assert.deepEqual([count, buckets.boundaries[0], buckets.boundaries.at(-1)], [1, 0.005, 10]);
  const consumed = await setting.points("messaging.client.consumed.messages");
  assert.deepEqual([consumed.unit, consumed.points[0]!.value], ["{message}", 1]);
});

test("gauges include a consumer only while it runs", async () => {
  // With cumulative values, a removed consumer would be repeated forever.
  await using setting = await start({}, AggregationTemporality.DELTA);
  await using producer = await setting.producer();
  await producer.enqueue("x");
  const consumer = setting.consumer({ concurrency: 7 });
  const gauge = async (name: string) => {
    const { points, unit } = await setting.points(`faktory.consumer.${name}`);
    return [unit, ...points.map(({ value }) => value)];
  };
  let seen: unknown;
  consumer.register("x", async () => {
    seen = [await gauge("busy"), await gauge("concurrency"), await gauge("unreported")];
  });
  await consumer.run({ maxJobs: 1 });
  assert.deepEqual(seen, [["{job}", 1], ["{job}", 7], ["{job}", 0]]);
  assert.deepEqual(await gauge("busy"), [undefined]);
});

test("without a registered provider, jobs carry nothing and everything works", async () => {
  await using setting = await start();
  const telemetry = openTelemetry();
  await using producer = await setting.producer({ telemetry });
  await producer.enqueue("x");
  await producer.enqueueMany([{ type: "x" }]);
  const consumer = setting.consumer({ telemetry });
  const customs: unknown[] = [];
  consumer.register("x", ({ custom }) => void customs.push(custom));
  await consumer.run({ maxJobs: 2 });
  assert.deepEqual(customs, [{}, {}]);
  assert.equal(trace.getActiveSpan(), undefined);
});
