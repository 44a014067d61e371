import { Consumer, Discard, Producer, RetryAfter } from "@faktory-ts/faktory";
import type { Job, JobContext } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { FakeFaktory, runJob } from "@faktory-ts/faktory/testing";

async function resize(job: Job<[path: string, width: number]>, { progress }: JobContext) {
  const [path, width] = job.args;
  if (!path.endsWith(".png")) throw new Discard("it is not a picture");
  await progress(50);
  return `${path} at ${width}`;
}

function equal(actual: unknown, expected: unknown) {
  if (actual !== expected) throw new Error(`It is ${actual}, not ${expected}`);
}

Deno.test("a handler", async () => {
  const run = await runJob(resize, { type: "resize", args: ["cat.png", 320] });
  equal(run.result, "cat.png at 320");
  const other = await runJob(resize, { type: "resize", args: ["notes.txt", 320] });
  equal(other.outcome, "discard");
});

Deno.test("what was enqueued", async () => {
  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("resize", ["cat.png", 320]);
  faktory.assertEnqueued("resize", { args: ["cat.png", 320] });
  const [run] = await faktory.drain(new Consumer().register("resize", resize));
  equal(run?.outcome, "done");
  await faktory.close();
});

Deno.test("a server", async () => {
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  await producer.enqueue("resize", ["cat.png", 320]);
  const consumer = new Consumer(options).register("resize", resize);
  const isRun = await consumer.runOne();
  equal(isRun, true);
  equal((await producer.info()).totals.processed, 1);
  await producer.close();
  await server.close();
});

Deno.test("Sinon's fake timers", async () => {
  const { default: sinon }: any = await import("sinon");
  const clock = sinon.useFakeTimers(new Date("2001-05-05"));
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  await producer.enqueueMany([{ type: "works" }, { type: "fails" }, { type: "waits" }]);
  const consumer = new Consumer(options).register("works", () => {});
  consumer.register("fails", () => {
    throw new Error("once");
  });
  consumer.register("waits", () => {
    throw new RetryAfter(60);
  });
  await consumer.run({ maxJobs: 3 });
  const { sets } = await producer.info();
  equal([sets.working, sets.retries, sets.scheduled].join(), "0,1,1");
  await producer.close();
  await server.close();

  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("works", [], { at: new Date(Date.now() + 60_000) });
  equal(faktory.jobs[0]?.createdAt?.getUTCFullYear(), 2001);
  faktory.clock.advance(61_000);
  const runs = await faktory.drain(consumer);
  equal(runs.length, 1);
  await faktory.producer.enqueue("works");
  await new Consumer(faktory.connection).register("works", () => {}).runOne();
  equal(faktory.snapshot().working, 0);
  await faktory.close();
  clock.restore();
});
