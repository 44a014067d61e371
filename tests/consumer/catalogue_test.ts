import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import {
  Consumer,
  type ConsumerOptions,
  defineJobs,
  InvalidJobError,
  type Job,
  job,
  Producer,
  Snooze,
} from "../../mod.ts";
import { schemaOf } from "../job/schemas.ts";
import { startQuick } from "../server/quick.ts";

const welcome = z.tuple([z.string(), z.object({ vip: z.boolean().default(false) })]);
const jobs = defineJobs({
  resize: job<[path: string, width: number]>({ queue: "images" }),
  welcome: job(welcome),
  // Rejects its own output, so that a second validation would fail.
  count: job(v.tuple([v.pipe(v.string(), v.transform((text) => text.length))])),
  later: job(z.tuple([z.string().refine((text) => Promise.resolve(text !== "taken"))])),
  broken: job(schemaOf((args) => {
    throw new RangeError(`did not expect ${JSON.stringify(args)}`);
  })),
});

/** Starts a server, with a producer without a catalogue and consumers with one. */
async function start() {
  const server = await startQuick();
  const producer = await Producer.connect({ url: server.url });
  return {
    server,
    producer,
    consumer: (options: ConsumerOptions = {}) =>
      new Consumer({ ...options, url: server.url, concurrency: 1, jobs }),
    async [Symbol.asyncDispose]() {
      await producer.close();
      await server.close();
    },
  };
}

test("a handler and its middleware get the arguments that the schema returns", async () => {
  await using setting = await start();
  const consumer = setting.consumer();
  const seen: unknown[] = [];
  consumer.use((job, _context, next) => {
    seen.push(job.args);
    return next();
  });
  consumer.register("welcome", (job, { attempt }) => {
    seen.push([job.args[1].vip, job.jid, job.type, job.queue, job.custom, attempt]);
  });
  const jid = await setting.producer.enqueue("welcome", ["ann", {}], { custom: { a: 1 } });
  const began: Job[] = [];
  consumer.on("start", ({ job }) => began.push(job));
  assert.equal(await consumer.runOne(), true);
  assert.deepEqual(seen, [
    ["ann", { vip: false }],
    [false, jid, "welcome", "default", { a: 1 }, 1],
  ]);
  // The job in the event is unchanged.
  assert.deepEqual(began[0]!.args, ["ann", {}]);
});

test("invalid arguments fail the job with the schema's issues, and no handler runs", async () => {
  await using setting = await start();
  const { producer, server } = setting;
  const consumer = setting.consumer();
  const calls: unknown[] = [];
  consumer.use((_job, _context, next) => {
    calls.push("middleware");
    return next();
  });
  consumer.register("welcome", ({ failure }) => void calls.push(failure));
  consumer.register("later", () => void calls.push("later"));
  const failures: [job: Job, error: unknown][] = [];
  consumer.on("fail", ({ job, error }) => failures.push([job, error]));
  const bad = ["ann", { vip: "4111-1111" }];
  const jid = await producer.enqueue("welcome", bad, { retry: 3 });
  assert.equal(await consumer.runOne(), true);
  const [[failed, error]] = failures as [[Job, unknown]];
  assert.equal(failed.jid, jid);
  assert(error instanceof InvalidJobError);
  assert.deepEqual([error.code, error.path], ["INVALID_ARGS", "args[1].vip"]);
  assert.deepEqual(error.issues, welcome.safeParse(bad).error!.issues);
  assert.deepEqual([calls, server.snapshot().retries], [[], 1]);

  // A consumer without a catalogue shows the failure that the server stored.
  await producer.sets.retries.requeue({ jids: [jid] });
  const other = new Consumer({ url: server.url, concurrency: 1 });
  let retried: Job | undefined;
  other.register("welcome", (job) => void (retried = job));
  assert.equal(await other.runOne(), true);
  assert.equal(retried!.failure!.type, "InvalidJobError");
  assert.equal(retried!.failure!.message, error.message);
  assert.match(
    error.message,
    new RegExp(`^Cannot run job ${jid} as its args do not fit the schema of "welcome": Invalid `),
  );
  assert.doesNotMatch(error.message, /4111/);

  await producer.enqueue("later", ["taken"], { retry: 0 });
  assert.equal(await consumer.runOne(), true);
  assert.equal((failures[1]![1] as InvalidJobError).path, "args[0]");
  await producer.enqueue("later", ["free"]);
  assert.equal(await consumer.runOne(), true);
  assert.deepEqual(calls, ["middleware", "later"]);
});

test("a schema that throws fails the job, and the consumer goes on", async () => {
  await using setting = await start();
  const consumer = setting.consumer();
  consumer.register("broken", () => assert.fail("called"));
  let failure: unknown;
  consumer.on("fail", ({ error }) => failure = error);
  await setting.producer.enqueue("broken", ["4111-1111"], { retry: 0 });
  const report = await consumer.runToCompletion();
  assert.deepEqual([report.done, report.failed], [0, 1]);
  assert(failure instanceof InvalidJobError);
  assert.equal(failure.code, "SCHEMA_FAILED");
  assert.match(failure.message, /failed to check its args: RangeError$/);
  assert(failure.cause instanceof RangeError);
});

test("a snoozed job is requeued with its original arguments, and validated again", async () => {
  await using setting = await start();
  const consumer = setting.consumer();
  const lengths: number[] = [];
  consumer.register("count", ({ args: [length] }) => {
    lengths.push(length);
    if (lengths.length === 1) throw new Snooze(0);
  });
  await setting.producer.enqueue("count", ["four"]);
  await consumer.runOne();
  await setting.producer.sets.scheduled.requeue({ type: "count" });
  const report = await consumer.runToCompletion();
  assert.deepEqual([lengths, report.failed], [[4, 4], 0]);
});

test("the context's producer has the catalogue", async () => {
  await using setting = await start();
  const consumer = setting.consumer({ queues: ["default"] });
  consumer.register("welcome", async (_job, { producer }) => {
    await producer.enqueue("resize", ["a.png", 1]);
    await assert.rejects(producer.enqueue("resise" as "resize", ["a.png", 1]), {
      code: "INVALID_TYPE",
    });
    await assert.rejects(producer.enqueue("count", [1 as never]), { code: "INVALID_ARGS" });
  });
  await setting.producer.enqueue("welcome", ["ann", {}]);
  assert.equal((await consumer.runToCompletion()).done, 1);
  assert.equal((await setting.producer.info()).queues["images"], 1);
});

test("only types of the catalogue can be registered, and other jobs are not run", async () => {
  await using setting = await start();
  const consumer = setting.consumer();
  assert.throws(() => consumer.register("welcom" as "welcome", () => {}), {
    name: "ConfigError",
    code: "INVALID_OPTION",
    message: /not in the catalogue: got "welcom": did you mean "welcome"\?$/,
  });
  let failure: unknown;
  consumer.on("fail", ({ error }) => failure = error);
  await setting.producer.enqueue("nobody's", [], { retry: 0 });
  assert.equal(await consumer.runOne(), true);
  assert.equal((failure as { code: string }).code, "NOT_REGISTERED");
});

test("an invalid catalogue is refused when the consumer is created", () => {
  assert.throws(() => new Consumer({ jobs: { t: job({ retry: -2 }) } }), {
    code: "INVALID_OPTION",
  });
});

test("a consumer fetches from the queues of its catalogue, and from `default` without one", async () => {
  await using setting = await start();
  assert.deepEqual(setting.consumer().queues, { images: 1, default: 1 });
  const one = defineJobs({ resize: job({ queue: "images" }), crop: job({ queue: "images" }) });
  assert.deepEqual(new Consumer({ jobs: one }).queues, ["images"]);
  assert.deepEqual(new Consumer({ jobs: defineJobs({}) }).queues, ["default"]);
  assert.deepEqual(new Consumer({ jobs, queues: ["mail"] }).queues, ["mail"]);
  assert.deepEqual(new Consumer().queues, ["default"]);

  const typed = await Producer.connect({ url: setting.server.url, jobs });
  await typed.enqueue("resize", ["cat.png", 320]);
  await typed.enqueue("welcome", ["ann", {}]);
  await typed.close();
  const consumer = setting.consumer();
  const ran: string[] = [];
  consumer.register("resize", ({ type }) => void ran.push(type));
  consumer.register("welcome", ({ type }) => void ran.push(type));
  const warnings: unknown[] = [];
  consumer.on("warning", (warning) => warnings.push(warning));
  await consumer.runToCompletion({ maxJobs: 2 });
  assert.deepEqual([ran.sort(), warnings], [["resize", "welcome"], []]);
});

test("a handler whose queue is not fetched causes a warning, once a run", async () => {
  await using setting = await start();
  async function warned(queues: ConsumerOptions["queues"]) {
    const consumer = setting.consumer({ queues });
    for (const type of ["resize", "welcome"] as const) consumer.register(type, () => {});
    const warnings: string[] = [];
    consumer.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
    await consumer.run({ maxMs: 1 });
    return warnings;
  }
  assert.deepEqual(await warned(["default"]), [
    'QUEUE_NOT_FETCHED: The handler of "resize" gets no jobs: the catalogue sends them to the ' +
    "queue images, and the consumer does not fetch from it",
  ]);
  assert.deepEqual(await warned(["ima*", "default"]), []);
  assert.deepEqual(await warned({ images: 2, "d*": 1 }), []);
  assert.deepEqual(await warned(() => ["default"]), []);
  assert.equal((await warned({ other: 1 })).length, 2);
});
