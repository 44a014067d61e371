import assert from "node:assert/strict";
import { it } from "node:test";
import {
  Consumer,
  EnterpriseOnlyError,
  Job,
  type JobInput,
  Producer,
  ServerError,
} from "../../mod.ts";
import { RawClient } from "./raw_client.ts";
import { freshQueue, type Subject, unlessSince } from "./subject.ts";

/** The guarantees of a producer. */
export function producerContract(subject: Subject): void {
  const connect = () => Producer.connect({ url: subject.url });

  /** Fetches this many jobs from a queue, which is then empty, in order. */
  async function drain(queue: string, count = 1): Promise<Job[]> {
    const jobs: Job[] = [];
    const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
    consumer.on("start", ({ job }) => void jobs.push(job));
    consumer.on(
      "fail",
      ({ error }) => assert.equal((error as { code?: string }).code, "NOT_REGISTERED"),
    );
    await consumer.run({ maxJobs: count });
    assert.equal(await consumer.runOne(), false);
    return jobs;
  }

  it("enqueues a job without changing it", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const args = [1, -2.5, "ünï\u2028<b>&\n\t\\", null, true, { b: [1], a: {} }, []];
    const jid = await producer.enqueue("kind of job", args, {
      queue,
      retry: 0,
      reserveFor: 120,
      backtrace: 3,
      custom: { trace: "abc", nested: { n: 1 } },
    });
    const [job] = await drain(queue);
    assert.equal(job!.jid, jid);
    assert.equal(job!.type, "kind of job");
    assert.deepEqual(job!.args, args);
    assert.equal(job!.queue, queue);
    assert.equal(job!.retry, 0);
    assert.equal(job!.reserveFor, 120);
    assert.equal(job!.backtrace, 3);
    assert.deepEqual(job!.custom, { trace: "abc", nested: { n: 1 } });
    assert(Math.abs(job!.createdAt!.getTime() - Date.now()) < 60_000);
    assert(job!.enqueuedAt instanceof Date);
  });

  it("does not change the server's default for `retry`, and so not that of other jobs", async () => {
    await using producer = await connect();
    const client = await RawClient.hello(subject.url);
    const queue = freshQueue();
    // A PUSH with `retry` changes the reference server's default.
    await client.ask(`PUSH {"retry":25}`);
    await producer.enqueue("x", [7], { queue, retry: 7 });
    await client.ask(
      `PUSHB [{"jid":"${queue}-default","jobtype":"x","args":[25],"queue":"${queue}"}]`,
    );
    const jobs = await drain(queue, 2);
    assert.deepEqual(jobs.map(({ args: [retry] }) => retry), jobs.map(({ retry }) => retry));
  });

  it("keeps the `retry` of each job while other connections push", async () => {
    const producers = await Promise.all(Array.from({ length: 4 }, connect));
    const queue = freshQueue();
    await Promise.all(producers.map(async (producer, retry) => {
      for (let i = 0; i < 50; i++) await producer.enqueue("x", [retry], { queue, retry });
      await producer.close();
    }));
    const jobs = await drain(queue, 200);
    assert.deepEqual(jobs.map(({ args: [retry] }) => retry), jobs.map(({ retry }) => retry));
  });

  it("enqueues a Job, and returns its jid", async () => {
    await using producer = await connect();
    const job = new Job("resize", ["cat.png"], { queue: freshQueue(), retry: 0 });
    assert.equal(await producer.enqueue(job), job.jid);
    const [fetched] = await drain(job.queue);
    assert.deepEqual(fetched!.args, ["cat.png"]);
  });

  it("sends jobs that are enqueued together in one command, in order", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).server.commandCount;
    const jids = await Promise.all(
      Array.from({ length: 50 }, (_, i) => producer.enqueue("x", [i], { queue, retry: 0 })),
    );
    const after = (await producer.info()).server.commandCount;
    // One PUSHB, and INFO itself. Other clients of a real server send little.
    assert(after - before < 10, `${after - before} commands`);
    assert.equal(new Set(jids).size, 50);
    const jobs = await drain(queue, jids.length);
    assert.deepEqual(jobs.map(({ jid }) => jid), jids);
  });

  it("sends more than fits in a large write, each job whole and once", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const text = "x".repeat(20_000);
    // Several writes of 1 MiB, each of which ends while further jobs are created.
    const jobs = Array.from({ length: 400 }, (_, i) => {
      return { type: "x", args: [i, text], queue, retry: 0 };
    });
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    assert.deepEqual([enqueued.length, failed.size], [jobs.length, 0]);
    const calls = jobs.map((job) => producer.enqueue(job));
    assert.equal(new Set(await Promise.all(calls)).size, jobs.length);
    assert.equal((await producer.info()).queues[queue], 2 * jobs.length);
    const got = await drain(queue, 2 * jobs.length);
    // On several connections, jobs arrive in any order.
    const numbers = jobs.flatMap(({ args }) => [args[0], args[0]]);
    assert.deepEqual(got.map(({ args }) => args[0] as number).sort((a, b) => a - b), numbers);
    assert(got.every(({ args }) => args[1] === text));
  });

  it("sends a jid that is enqueued twice at once twice, each with its own reply", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const job: JobInput = { type: "x", jid: `twice-${queue}`, queue, retry: 0 };
    assert.deepEqual(await Promise.all([producer.enqueue(job), producer.enqueue(job)]), [
      job.jid,
      job.jid,
    ]);
    assert.equal((await producer.info()).queues[queue], 2);
    await producer.queues.remove(queue);
  });

  it("enqueues many jobs, and reports each invalid one", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const jobs: JobInput[] = Array.from(
      { length: 2500 },
      (_, i) => ({ type: "x", args: [i], queue }),
    );
    jobs[1200] = { type: "x", jid: "the-bad-one", args: [1n] as unknown as number[], queue };
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    assert.equal(enqueued.length, 2499);
    assert.deepEqual([...failed.keys()], ["the-bad-one"]);
    const error = failed.get("the-bad-one") as unknown as { code: string; path: string };
    assert.equal(error.code, "INVALID_ARGS");
    assert.equal(error.path, "jobs[1200].args[0]");
    assert.equal((await producer.info()).queues[queue], 2499);
    await producer.queues.remove(queue);
  });

  it("enqueues the jobs of an asynchronous source", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    async function* source() {
      for (let i = 0; i < 10; i++) {
        await Promise.resolve();
        yield { type: "x", args: [i], queue, retry: 0 };
      }
    }
    const { enqueued } = await producer.enqueueMany(source());
    assert.deepEqual((await drain(queue, enqueued.length)).map(({ jid }) => jid), enqueued);
  });

  it("accepts jobs from a stream, and has sent all when it closes", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    let next = 0;
    const rows = new ReadableStream<JobInput>({
      pull(controller) {
        if (next === 10_000) controller.close();
        else controller.enqueue({ type: "x", args: [next++], queue });
      },
    });
    await rows.pipeTo(producer.writable());
    assert.equal((await producer.info()).queues[queue], 10_000);
    await producer.queues.remove(queue);
  });

  it("ends a stream at its first invalid job, or continues with onFailed", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const bad = { type: "", queue };
    const good = { type: "x", queue };
    const strict = producer.writable().getWriter();
    await assert.rejects(strict.write(bad), { code: "INVALID_TYPE" });
    strict.closed.catch(() => {});
    const failures: unknown[] = [];
    const lenient = producer.writable({ onFailed: (job, error) => failures.push([job, error]) })
      .getWriter();
    await lenient.write(good);
    await lenient.write(bad);
    await lenient.write(good);
    await lenient.close();
    assert.equal(failures.length, 1);
    assert.equal((await producer.info()).queues[queue], 2);
    await producer.queues.remove(queue);
  });

  it("counts a delay by the server's clock", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).sets.scheduled;
    const jids = [
      await producer.enqueue("later", [], { queue, delay: "1h" }),
      ...(await producer.enqueueMany([{ type: "later", queue, delay: 3_600_000 }])).enqueued,
    ];
    assert.equal((await producer.info()).sets.scheduled, before + 2);
    await producer.sets.scheduled.requeue({ jids });
    for (const { at } of await drain(queue, 2)) {
      const ms = at!.getTime() - subject.now();
      assert(Math.abs(ms - 3_600_000) < 60_000, `in ${ms} ms`);
    }
    await producer.sets.retries.discard({ jids });
  });

  it("schedules a job, and can run it now", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).sets.scheduled;
    const at = new Date(subject.now() + 3_600_000);
    const jid = await producer.enqueue("later", [], { queue, at, retry: 0 });
    assert.equal((await producer.info()).sets.scheduled, before + 1);
    await producer.sets.scheduled.requeue({ jids: [jid] });
    assert.equal((await producer.info()).sets.scheduled, before);
    const [job] = await drain(queue);
    assert.equal(job!.jid, jid);
    assert.equal(job!.at!.getTime(), at.getTime());
  });

  for (const type of ["plain", `odd *?[x] \\ "type" <&> ü`]) {
    it(`selects jobs of the type ${type}, and no others`, async () => {
      await using producer = await connect();
      const queue = freshQueue();
      const at = new Date(subject.now() + 3_600_000);
      const jid = await producer.enqueue(type, [], { queue, at });
      const other = await producer.enqueue(`${type}!`, [], { queue, at });
      await producer.sets.scheduled.kill({ type });
      const before = (await producer.info()).sets;
      await producer.sets.dead.discard({ jids: [jid] });
      assert.equal((await producer.info()).sets.dead, before.dead - 1);
      await producer.sets.scheduled.discard({ pattern: `*"${other}"*` });
      assert.equal((await producer.info()).sets.scheduled, before.scheduled - 1);
    });
  }

  it("pauses, resumes and removes queues", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await producer.enqueue("x", [], { queue });
    await producer.queues.pause(queue);
    const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
    consumer.register("x", () => {});
    assert.equal(await consumer.runOne(), false);
    await producer.queues.resume([queue]);
    assert.equal(await consumer.runOne(), true);
    await producer.queues.remove(queue);
    assert.equal((await producer.info()).queues[queue], undefined);
  });

  const lacksLatency = unlessSince(subject, "1.9.2");

  it("measures how long jobs have waited", { skip: lacksLatency }, async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await producer.enqueue("x", [], { queue });
    const since = performance.now();
    const idle = new Consumer({ url: subject.url, queues: [`${queue}-none`], concurrency: 1 });
    assert.equal(await idle.runOne(), false);
    const seconds = (performance.now() - since) / 1000;
    const latency = await producer.queues.latency([queue, `${queue}-none`]);
    // The server counts from its receipt of the job, in whole milliseconds.
    assert(latency.get(queue)! >= seconds - 0.01, `${latency.get(queue)} s of ${seconds} s`);
    assert.equal(latency.get(`${queue}-none`), 0);
    await producer.queues.remove(queue);
  });

  it("measures queues next to one whose oldest job has no time", {
    skip: lacksLatency,
  }, async () => {
    await using producer = await connect();
    const [good, odd] = [freshQueue(), freshQueue()];
    await producer.enqueue("x", [], { queue: good });
    // In the future, even on a server whose clock is a day ahead.
    const at = new Date(Date.now() + 3 * 86_400_000);
    const jid = await producer.enqueue("x", [], { queue: odd, at });
    await producer.sets.scheduled.requeue({ jids: [jid] });
    assert.deepEqual([...(await producer.queues.latency([good, odd])).keys()], [good]);
    assert.deepEqual([...await producer.queues.latency(odd)], []);
    await producer.queues.remove([good, odd]);
  });

  const hasLatency = lacksLatency === false && "it measures queues";

  it("reports that an old server does not measure queues", { skip: hasLatency }, async () => {
    await using producer = await connect();
    await assert.rejects(producer.queues.latency(freshQueue()), {
      code: "UNSUPPORTED_COMMAND",
      message: /it needs Faktory 1\.9\.2 or later$/,
    });
  });

  it("refuses a filter that matches every job without all: true", async () => {
    await using producer = await connect();
    const { dead } = producer.sets;
    const code = "FILTER_MATCHES_ALL";
    await assert.rejects(dead.discard({} as never), { code });
    await assert.rejects(dead.discard({ jids: [] }), { code });
    await assert.rejects(dead.discard({ pattern: "*" }), { code });
    await assert.rejects(dead.discard({ kind: "x" } as never), { code: "INVALID_FILTER" });
    await assert.rejects(dead.discard({ type: "" }), { code: "INVALID_FILTER" });
    await assert.rejects(dead.discard({ type: "x", jids: ["y"] } as never), {
      code: "INVALID_FILTER",
    });
    await dead.discard({ all: true });
    assert.equal((await producer.info()).sets.dead, 0);
  });

  const skip = subject.edition === "enterprise" && "it is Faktory Enterprise";
  it("reports that batches and tracking need Enterprise, and warns about unique_for", {
    skip,
  }, async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await assert.rejects(
      producer.batches.open({ success: { type: "done" } }, () => {}),
      EnterpriseOnlyError,
    );
    await assert.rejects(producer.tracking.get("some-job"), EnterpriseOnlyError);
    const warned = new Promise<{ code: string; message: string }>((resolve) =>
      producer.on("warning", resolve)
    );
    await producer.enqueue("x", [], { queue, custom: { unique_for: 60 } });
    assert.match((await warned).message, /custom\.unique_for/);
    await producer.queues.remove(queue);
  });

  it("close waits for calls in flight, and refuses later ones", async () => {
    const producer = await connect();
    const queue = freshQueue();
    const under = Array.from({ length: 100 }, () => producer.enqueue("x", [], { queue }));
    const closing = producer.close();
    await assert.rejects(producer.enqueue("x"), { code: "CLOSED" });
    await assert.rejects(producer.info(), { code: "CLOSED" });
    assert.equal((await Promise.all(under)).length, 100);
    await closing;
    await using other = await connect();
    assert.equal((await other.info()).queues[queue], 100);
    await other.queues.remove(queue);
  });

  it("flush deletes all jobs", async () => {
    await using producer = await connect();
    await producer.enqueue("x", [], { queue: freshQueue(), at: new Date(subject.now() + 60_000) });
    await producer.enqueue("x", [], { queue: freshQueue() });
    await producer.flush();
    const { queues, sets, totals } = await producer.info();
    assert.equal(sets.scheduled, 0);
    assert.equal(totals.enqueued, 0);
    assert(Object.values(queues).every((size) => size === 0));
  });

  it("sends any other command, and returns its reply", async () => {
    await using producer = await connect();
    const info = JSON.parse((await producer.command("INFO"))!);
    assert.equal(info.server.description, (await producer.info()).server.description);
    const queue = freshQueue();
    const job = { jid: `raw-${queue}`, jobtype: "x", args: [], queue };
    assert.equal(await producer.command("PUSH", JSON.stringify(job)), "OK");
    const [fetched] = await drain(queue);
    assert.equal(fetched!.jid, job.jid);
    await producer.sets.retries.discard({ jids: [job.jid] });
    for (
      const [verb, reply] of [["NO.SUCH", /unknown command/], ["FAIL", /Job not found/]] as const
    ) {
      const failure = { jid: `none-${queue}`, errtype: "x", message: "x", backtrace: [] };
      const error = await producer.command(verb, JSON.stringify(failure)).catch((error) => error);
      assert(error instanceof ServerError);
      assert.match(error.message, reply);
    }
  });

  it("releases a job whose worker is gone, with FAIL", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const jid = await producer.enqueue("x", [], { queue, retry: 3 });
    const worker = await RawClient.hello(subject.url, { wid: freshQueue() });
    assert.match(await worker.ask(`FETCH ${queue}`), new RegExp(jid));
    worker.close();
    const before = await producer.info();
    const failure = { jid, errtype: "WorkerDied", message: "its host is gone", backtrace: [] };
    assert.equal(await producer.command("FAIL", JSON.stringify(failure)), "OK");
    const after = await producer.info();
    assert.equal(after.sets.retries - before.sets.retries, 1);
    await producer.sets.retries.discard({ jids: [jid] });
  });
}
