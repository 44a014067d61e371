import assert from "node:assert/strict";
import { test } from "node:test";
import { Job, type ProducerMiddleware, ServerError } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { scripted } from "./setting.ts";

type SentJob = Record<string, unknown>;

const accept = (jobs: SentJob[]) => jobs.length === 1 ? "+OK\r\n" : "$2\r\n{}\r\n";
const refuse = () => "-ERR no room\r\n";

/** Returns a producer with this middleware and a server played by the test. */
async function withMiddleware(...middleware: readonly ProducerMiddleware[]) {
  const { peer, producer } = await scripted();
  for (const one of middleware) producer.use(one);
  let answered = 0;
  /** Replies to the next command when it arrives, and returns its jobs. */
  async function take(reply: (jobs: SentJob[]) => string = accept): Promise<SentJob[]> {
    await peer.received(++answered);
    const line = peer.lines[answered - 1]!;
    const jobs = [JSON.parse(line.slice(line.indexOf(" ")))].flat();
    peer.say(reply(jobs));
    return jobs;
  }
  return { peer, producer, take };
}

const tag = (name: string): ProducerMiddleware => (job, next) =>
  next({ ...job, custom: { ...job.custom, [name]: Object.keys(job.custom ?? {}).length } });

test("each middleware gets the job from the one before; the first is outermost", async () => {
  const out: unknown[] = [];
  const after = (name: string): ProducerMiddleware => async (_job, next) => {
    out.push([name, await next()]);
  };
  const { producer, take } = await withMiddleware(tag("a"), after("a"), tag("b"), after("b"));
  const enqueuing = producer.enqueue("x", [1], { jid: "jid-jid-1" });
  const [job] = await take();
  assert.deepEqual(job!["custom"], { a: 0, b: 1 });
  assert.equal(await enqueuing, "jid-jid-1");
  assert.deepEqual(out, [["b", "jid-jid-1"], ["a", "jid-jid-1"]]);
});

test("all ways to enqueue a job pass the middleware", async () => {
  const { producer, take } = await withMiddleware(tag("seen"));
  const ways: [() => Promise<unknown>, number][] = [
    [() => producer.enqueue("x"), 1],
    [() => producer.enqueue({ type: "x" }), 1],
    [() => producer.enqueue(new Job("x", [])), 1],
    [() => producer.enqueueMany([{ type: "x" }, new Job("x", [])]), 2],
    [async () => {
      const writer = producer.writable().getWriter();
      await writer.write({ type: "x" });
      await writer.close();
    }, 1],
  ];
  for (const [way, count] of ways) {
    const done = way();
    const jobs = await take();
    assert.deepEqual(jobs.map(({ custom }) => custom), Array(count).fill({ seen: 0 }));
    await done;
  }
});

test("jobs of a batch pass the middleware, with the batch's id", async () => {
  const { peer, producer } = await withMiddleware(tag("seen"));
  const opening = producer.batches.open({ success: { type: "done" } }, async (batch) => {
    await batch.enqueue("x");
    await batch.enqueueMany([{ type: "y" }]);
  });
  await peer.received(1);
  peer.say("+b-1\r\n");
  for (const count of [2, 3]) {
    await peer.received(count);
    const line = peer.lines[count - 1]!;
    assert.deepEqual(JSON.parse(line.slice("PUSH ".length)).custom, { bid: "b-1", seen: 1 });
    peer.say("+OK\r\n");
  }
  await peer.received(4);
  peer.say("+OK\r\n");
  assert.equal(await opening, "b-1");
});

test("jobs of one turn are still sent together", async () => {
  const { producer, take } = await withMiddleware(tag("a"), async (_job, next) => {
    await Promise.resolve();
    return await next();
  });
  const enqueuing = Promise.all([1, 2, 3].map((n) => producer.enqueue("x", [n])));
  const jobs = await take();
  assert.deepEqual(jobs.map(({ args }) => args), [[1], [2], [3]]);
  assert.deepEqual(await enqueuing, jobs.map(({ jid }) => jid));
});

test("middleware that does not call next returns a jid, also to outer middleware", async () => {
  const seen: unknown[] = [];
  const outer: ProducerMiddleware = async (_job, next) => {
    seen.push(await next());
  };
  const { peer, producer } = await withMiddleware(outer, () => "known-already");
  assert.equal(await producer.enqueue("x"), "known-already");
  const { enqueued, failed } = await producer.enqueueMany([{ type: "x" }, { type: "y" }]);
  assert.deepEqual([enqueued, failed.size], [["known-already", "known-already"], 0]);
  const writer = producer.writable().getWriter();
  await writer.write({ type: "x" });
  await writer.close();
  assert.deepEqual(seen, Array(4).fill("known-already"));
  assert.deepEqual(peer.lines, []);
});

test("middleware that neither calls next nor returns a jid rejects", async () => {
  const { peer, producer } = await withMiddleware(() => {});
  const code = "NEXT_NOT_CALLED";
  await assert.rejects(producer.enqueue("x"), { code });
  const { enqueued, failed } = await producer.enqueueMany([{ type: "x", jid: "jid-jid-1" }]);
  assert.deepEqual(enqueued, []);
  assert.equal(failed.get("jid-jid-1")!.code, code);
  const writer = producer.writable().getWriter();
  await assert.rejects(writer.write({ type: "x" }), { code });
  await assert.rejects(writer.closed, { code });
  assert.deepEqual(peer.lines, []);
});

test("middleware that does not await next is awaited", async () => {
  const { producer, take } = await withMiddleware((job, next) => {
    next({ ...job, queue: "other" });
  });
  const enqueuing = producer.enqueue("x", [], { jid: "jid-jid-1" });
  assert.equal((await take())[0]!["queue"], "other");
  assert.equal(await enqueuing, "jid-jid-1");
  const refused = producer.enqueue("x");
  await take(refuse);
  await assert.rejects(refused, ServerError);
});

test("calling next twice rejects, and sends the job once", async () => {
  const twice: ProducerMiddleware[] = [
    async (job, next) => {
      await next(job);
      await next(job);
    },
    (job, next) => Promise.all([next(job), next(job)]),
  ];
  for (const middleware of twice) {
    const { peer, producer, take } = await withMiddleware(middleware);
    const rejected = assert.rejects(producer.enqueue("x"), { code: "NEXT_CALLED_TWICE" });
    await take();
    await rejected;
    assert.equal(peer.lines.length, 1);
  }
});

test("an error of middleware rejects, and before next nothing is sent", async () => {
  const error = new RangeError("not today");
  const { peer, producer } = await withMiddleware(
    async (_job, next) => {
      await next();
    },
    () => {
      throw error;
    },
  );
  await assert.rejects(producer.enqueue("x"), error);
  const failures: unknown[] = [];
  const writer = producer.writable({ onFailed: ({ type }, reason) => failures.push(type, reason) })
    .getWriter();
  await writer.write({ type: "a" });
  await writer.close();
  assert.deepEqual(failures, ["a", error]);
  assert.deepEqual(peer.lines, []);
});

test("each of many jobs has its own result, by the jid that was sent", async () => {
  const { producer, take } = await withMiddleware((job, next) => {
    if (job.type === "bad") throw new Error("bad");
    return next(job.type === "wrong" ? { ...job, args: [1n] as never } : job);
  });
  const many = producer.enqueueMany([
    { type: "good" },
    { type: "bad", jid: "jid-bad-1" },
    { type: "wrong", jid: "jid-wrong" },
    { type: "refused" },
  ]);
  // The reply names the jid, which is created on the way.
  const jobs = await take((sent) => {
    const verdict = JSON.stringify({ [String(sent[1]!["jid"])]: "no room" });
    return `$${verdict.length}\r\n${verdict}\r\n`;
  });
  assert.deepEqual(jobs.map(({ jobtype }) => jobtype), ["good", "refused"]);
  const refused = String(jobs[1]!["jid"]);
  const { enqueued, failed } = await many;
  assert.deepEqual(enqueued, [jobs[0]!["jid"]]);
  assert.deepEqual([...failed.keys()].sort(), [refused, "jid-bad-1", "jid-wrong"].sort());
  const wrong = failed.get("jid-wrong") as unknown as { code: string; path: string };
  assert.deepEqual([wrong.code, wrong.path], ["INVALID_ARGS", "jobs[2].args[0]"]);
});

test("an error of the server rejects next, and middleware may handle it", async () => {
  const caught: unknown[] = [];
  const { producer, take } = await withMiddleware(async (job, next) => {
    try {
      return await next();
    } catch (error) {
      caught.push(error);
      return job.jid;
    }
  });
  const enqueuing = producer.enqueue("x", [], { jid: "jid-jid-1" });
  await take(refuse);
  assert.equal(await enqueuing, "jid-jid-1");
  assert(caught[0] instanceof ServerError);
});

test("an aborted call does not leave middleware waiting", async () => {
  const stop = new AbortController();
  const reached = deferred<void>();
  const go = deferred<void>();
  const ended = deferred<unknown>();
  const { peer, producer, take } = await withMiddleware(async (_job, next) => {
    reached.resolve();
    await go.promise;
    try {
      return await next();
    } catch (error) {
      ended.resolve(error);
      throw error;
    }
  });
  const reason = new Error("enough");
  const enqueuing = producer.enqueue("x", [], { signal: stop.signal });
  await reached.promise;
  stop.abort(reason);
  await assert.rejects(enqueuing, reason);
  go.resolve();
  assert.equal((await ended.promise as { code: string }).code, "ENQUEUE_ABORTED");
  const kept = producer.enqueue("y");
  assert.equal((await take())[0]!["jobtype"], "y");
  await kept;
  assert.equal(peer.lines.length, 1);
});

test("closing waits for jobs in the middleware", async () => {
  const go = deferred<void>();
  const { peer, producer, take } = await withMiddleware(async (_job, next) => {
    await go.promise;
    return await next();
  });
  const enqueuing = producer.enqueue("x");
  let isClosed = false;
  const closing = producer.close().then(() => isClosed = true);
  go.resolve();
  await take();
  assert.equal(isClosed, false);
  await enqueuing;
  peer.end();
  await closing;
});

test("middleware that is not a function is refused", async () => {
  const { producer } = await withMiddleware();
  assert.throws(() => producer.use({} as never), { code: "INVALID_OPTION" });
});
