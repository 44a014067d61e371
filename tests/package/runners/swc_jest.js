import { Consumer, Discard, Producer, RetryAfter } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { FakeFaktory, runJob } from "@faktory-ts/faktory/testing";

async function resize(job, { progress }) {
  const [path, width] = job.args;
  if (!path.endsWith(".png")) throw new Discard("it is not a picture");
  await progress(50);
  return `${path} at ${width}`;
}

test("a handler", async () => {
  const run = await runJob(resize, { type: "resize", args: ["cat.png", 320] });
  expect(run.result).toBe("cat.png at 320");
  const other = await runJob(resize, { type: "resize", args: ["notes.txt", 320] });
  expect(other.outcome).toBe("discard");
});

test("what was enqueued", async () => {
  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("resize", ["cat.png", 320]);
  faktory.assertEnqueued("resize", { args: ["cat.png", 320] });
  const [run] = await faktory.drain(new Consumer().register("resize", resize));
  expect(run?.outcome).toBe("done");
  await faktory.close();
});

test("a server", async () => {
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  await producer.enqueue("resize", ["cat.png", 320]);
  const consumer = new Consumer(options).register("resize", resize);
  const isRun = await consumer.runOne();
  expect(isRun).toBe(true);
  expect((await producer.info()).totals.processed).toBe(1);
  await producer.close();
  await server.close();
});

test("fake timers and another year", async () => {
  jest.useFakeTimers();
  jest.setSystemTime(new Date("2001-05-05"));
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
  expect([sets.working, sets.retries, sets.scheduled]).toEqual([0, 1, 1]);
  await producer.close();
  await server.close();

  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("works", [], { at: new Date(Date.now() + 60_000) });
  expect(faktory.jobs[0]?.createdAt?.getUTCFullYear()).toBe(2001);
  faktory.clock.advance(61_000);
  const runs = await faktory.drain(consumer);
  expect(runs.length).toBe(1);
  await faktory.producer.enqueue("works");
  await new Consumer(faktory.connection).register("works", () => {}).runOne();
  expect(faktory.snapshot().working).toBe(0);
  await faktory.close();
  jest.useRealTimers();
});
