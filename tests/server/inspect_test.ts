import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type JobInput, Producer } from "../../mod.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { History } from "../../src/server/history.ts";
import { nullStore, type Store } from "../../src/server/store/store.ts";
import { Inspector } from "../../src/server/inspect/inspector.ts";
import {
  type FaktoryServer,
  type JobQuery,
  ManualClock,
  type QueueQuery,
} from "../../src/server/mod.ts";
import { readJob } from "../../src/server/stored_job.ts";
import { slicesBy } from "../../src/server/slices.ts";
import { startQuick } from "./quick.ts";

const later = new Date(Date.now() + 3_600_000);

async function withJobs(
  jobs: readonly JobInput[],
  use: (server: FaktoryServer, producer: Producer) => Promise<void> | void,
): Promise<void> {
  const server = await startQuick();
  const producer = await Producer.connect({ url: server.url });
  try {
    await producer.enqueueMany(jobs);
    await use(server, producer);
  } finally {
    await producer.close();
    await server.close();
  }
}

/** Runs a job of the queue `default`, and lets it fail. */
async function failOne(server: FaktoryServer, message = "no such picture"): Promise<void> {
  const consumer = new Consumer({ url: server.url });
  const fail = () => {
    throw new RangeError(message);
  };
  for (const type of ["resize", "mail", "odd"]) consumer.register(type, fail);
  assert(await consumer.runOne());
}

test("jobs of a queue are listed in order, in both directions, in pages", async () => {
  const jobs = Array.from(
    { length: 600 },
    (_, i) => ({ type: "mail", args: [i], jid: `job-no-${i}` }),
  );
  await withJobs(jobs, async (server) => {
    const first = await server.jobs({ queue: "default" });
    assert.deepEqual([first.total, first.next, first.jobs.length], [600, 25, 25]);
    assert.deepEqual(first.jobs[0]?.args, "[0]");
    const middle = await server.jobs({ queue: "default", offset: 290, limit: 300 });
    assert.deepEqual(
      middle.jobs.map(({ args }) => args),
      jobs.slice(290, 590).map(({ args }) => `[${args}]`),
    );
    const last = await server.jobs({ queue: "default", offset: 590, limit: 100 });
    assert.deepEqual([last.jobs.length, last.next], [10, undefined]);
    const newest = await server.jobs({ queue: "default", newestFirst: true, limit: 2, offset: 1 });
    assert.deepEqual(newest.jobs.map(({ args }) => args), ["[598]", "[597]"]);
    const beyond = await server.jobs({ queue: "default", offset: 9999 });
    assert.deepEqual([beyond.jobs, beyond.next], [[], undefined]);
    assert.deepEqual((await server.jobs({ queue: "none" })).total, 0);
  });
});

test("a page of a queue with large jobs has each at its position", async () => {
  const large = "x".repeat(300_000);
  const jobs = [1, large, 2, 3, large, 4].map((arg) => ({ type: "mail", args: [arg] }));
  await withJobs(jobs, async (server) => {
    const { jobs: all } = await server.jobs({ queue: "default", maxArgs: 5 });
    assert.deepEqual(all.map(({ args }) => args), ["[1]", '["xxx', "[2]", "[3]", '["xxx', "[4]"]);
    assert.equal(all[1]?.argsLength, 300_004);
    const { jobs: some } = await server.jobs({ queue: "default", offset: 3, limit: 2, maxArgs: 3 });
    assert.deepEqual(some.map(({ args }) => args), ["[3]", '["x']);
  });
});

test("a page ends early if its jobs are large", async () => {
  const jobs = Array.from(
    { length: 12 },
    (_, i) => ({ type: "x", args: [i, "y".repeat(999_000)] }),
  );
  await withJobs(jobs, async (server) => {
    const page = await server.jobs({ queue: "default", limit: 12, maxArgs: 1_000_000 });
    assert.deepEqual([page.jobs.length, page.total, page.next], [9, 12, 9]);
    const rest = await server.jobs({ queue: "default", offset: page.next, maxArgs: 1_000_000 });
    assert.deepEqual(rest.jobs.map(({ args }) => args.slice(0, 4)), ['[9,"', "[10,", "[11,"]);
    assert.equal((await server.jobs({ queue: "default", maxArgs: 10 })).jobs.length, 12);
  });
});

test("a failed job shows its failure, and is retried, killed and discarded by its id", async () => {
  await withJobs(
    [{ type: "resize", args: ["cat.png"], jid: "0123456789", custom: { a: 1 } }],
    async (server) => {
      await failOne(server);
      const { jobs: [listed] } = await server.jobs({ set: "retries" });
      assert.deepEqual([listed?.jid, listed?.place, listed?.custom], ["0123456789", "retries", {
        a: 1,
      }]);
      const { type, message, retryCount, remaining } = listed!.failure!;
      assert.deepEqual([type, message, retryCount, remaining], [
        "RangeError",
        "no such picture",
        0,
        25,
      ]);
      assert.deepEqual(listed!.at?.getTime(), listed!.failure!.nextAt?.getTime());
      assert.deepEqual(await server.job("0123456789"), listed);

      assert.equal(await server.kill("0123456789"), 1);
      assert.equal((await server.job("0123456789"))?.place, "dead");
      assert.equal(await server.retry(["0123456789", "unknown-jid"]), 1);
      assert.equal((await server.job("0123456789"))?.place, "queue");
      // A job on a queue is not in a set.
      assert.equal(await server.discard("0123456789"), 0);
      await failOne(server);
      assert.equal(await server.discard({ set: "dead", all: true }), 0);
      assert.equal(await server.discard("0123456789"), 1);
      assert.equal(await server.job("0123456789"), undefined);
    },
  );
});

test("filters compare type, queue, error and text, not text in the arguments", async () => {
  const jobs: JobInput[] = [
    { type: "resize", args: ["Cat.PNG"], at: later },
    { type: "mail", args: [{ jobtype: "resize" }, "<b>Grüße 😀</b>"], queue: "letters", at: later },
    { type: "odd", args: ["a.*b"], at: later },
  ];
  await withJobs(jobs, async (server) => {
    const found = async (filter: Partial<JobQuery>) =>
      (await server.jobs({ set: "scheduled", ...filter })).jobs.map(({ type }) => type).sort();
    assert.deepEqual(await found({ type: "resize" }), ["resize"]);
    assert.deepEqual(await found({ queue: "letters" }), ["mail"]);
    assert.deepEqual(await found({ text: "cat.png" }), ["resize"]);
    assert.deepEqual(await found({ text: "GRÜSSE" }), []);
    assert.deepEqual(await found({ text: "<B>grüße 😀" }), ["mail"]);
    assert.deepEqual(await found({ text: "a.*b" }), ["odd"]);
    assert.deepEqual(await found({ text: "resize" }), ["mail", "resize"]);
    assert.deepEqual(await found({ text: "resize", type: "mail" }), ["mail"]);
    assert.deepEqual(await found({ error: "e" }), []);
    assert.equal(await server.retry({ set: "scheduled", type: "resize" }), 1);
    assert.equal(await server.retry({ set: "scheduled", queue: "letters", text: "😀" }), 1);
    await failOne(server, "out of (cheese");
    const failed = await server.jobs({ set: "retries", error: "OUT OF (" });
    assert.deepEqual(failed.jobs.map(({ type }) => type), ["resize"]);
    assert.equal((await server.jobs({ set: "retries", error: "rangeerror" })).jobs.length, 1);
    assert.equal((await server.jobs({ set: "retries", error: "Cat" })).jobs.length, 0);
  });
});

test("a filter examines a limited number of jobs per call, and continues from there", async () => {
  const clock = new ManualClock();
  const core = new ServerState({ clock }, { slices: slicesBy(clock) });
  const { manager } = core.context;
  for (let i = 0; i < 1000; i++) {
    const type = i % 250 === 0 ? "rare" : "common";
    manager.push(
      readJob(
        JSON.stringify({
          jid: `${i}-jid-jid`,
          jobtype: type,
          args: [],
          at: "2027-01-01T00:00:00Z",
        }),
      ),
    );
  }
  const inspector = new Inspector(
    {
      ...{ ...core.context, history: { read: () => ({ hour: [], week: [] }) } },
      ...{ batches: () => [], recurring: () => [], progress: () => undefined },
    },
    400,
  );
  const query: JobQuery = { set: "scheduled", type: "rare", limit: 3 };
  const seen: number[][] = [];
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const page = await inspector.jobs({ ...query, offset });
    seen.push([page.jobs.length, page.searched, page.total]);
    offset = page.next;
  }
  assert.equal(seen.reduce((sum, [jobs]) => sum + jobs!, 0), 4);
  assert.equal(seen.reduce((sum, [, searched]) => sum + searched!, 0), 1000);
  assert(seen.every(([, searched]) => searched! <= 400), JSON.stringify(seen));
  core.close();
});

test("a worker is listed with its jobs", async () => {
  await withJobs([{ type: "mail", args: [1], jid: "held-by-one" }], async (server) => {
    const consumer = new Consumer({ url: server.url, labels: ["blue"], wid: "worker-1" });
    const seen: unknown[] = [];
    consumer.register("mail", async ({ jid }) => {
      const { jobs: [job] } = await server.jobs({ set: "working" });
      const [worker] = await server.workers();
      seen.push(job?.place, job?.worker, (await server.job(jid))?.place);
      assert(Math.abs(job!.startedAt!.getTime() - Date.now()) < 5000);
      seen.push(worker?.wid, worker?.labels, worker?.state, worker?.jobs.map(({ jid }) => jid));
      assert(worker!.since <= worker!.lastBeat);
    });
    await consumer.runOne();
    assert.deepEqual(seen, [
      ...["working", "worker-1", "working", "worker-1"],
      ...[["blue"], "running", ["held-by-one"]],
    ]);
  });
});

test("history counts by time, and starts again with each hour", () => {
  const clock = new ManualClock();
  const core = new ServerState({ clock }, { slices: slicesBy(clock) });
  const { manager, inspector } = core.context;
  const push = () => manager.push(readJob('{"jid":"history-job","jobtype":"x","args":[]}'));
  const sums = () => {
    const { hour, week } = inspector.history();
    const sum = (points: typeof hour) => points.reduce((all, { enqueued }) => all + enqueued, 0);
    return [hour.length, sum(hour), week.length, sum(week)];
  };
  push();
  assert.deepEqual(sums(), [360, 1, 1008, 1]);
  assert.equal(inspector.history().hour.at(-1)?.enqueued, 1);
  clock.advance(30 * 60_000);
  push();
  push();
  assert.deepEqual(sums(), [360, 3, 1008, 3]);
  clock.advance(45 * 60_000);
  assert.deepEqual(sums(), [360, 2, 1008, 3]);
  clock.advance(8 * 86_400_000);
  push();
  assert.deepEqual(sums(), [360, 1, 1008, 1]);
  manager.fetches.fetch(["default"], "w");
  manager.acknowledge("history-job");
  assert.equal(inspector.history().hour.at(-1)?.processed, 1);
  core.close();
});

test("the jobs that a change would affect are counted", async () => {
  const jobs = ["a", "a", "b"].map((type, i) => ({ type, at: later, jid: `job-no-${i}` }));
  await withJobs(jobs, async (server) => {
    assert.equal(await server.count({ set: "scheduled", type: "a" }), 2);
    assert.equal(await server.count({ set: "scheduled", all: true }), 3);
    assert.equal(await server.count(["job-no-1", "none-of-it"]), 1);
    await assert.rejects(server.count({ set: "dead" }), { code: "FILTER_MATCHES_ALL" });
    assert.equal(server.info().sets.scheduled, 3);
  });
});

test("queues are paused, resumed and removed without a client", async () => {
  await withJobs([{ type: "a", queue: "b" }], (server) => {
    assert.equal(server.pauseQueue("none"), false);
    assert.equal(server.pauseQueue("b"), true);
    assert.equal(server.queues().queues[0]?.paused, true);
    assert.equal(server.resumeQueue("b"), true);
    assert.equal(server.queues().queues[0]?.paused, false);
    assert.equal(server.removeQueue("b"), true);
    assert.deepEqual(server.queues(), { queues: [], total: 0, jobs: 0 });
  });
});

test("batches are listed with their remaining jobs", async () => {
  const server = await startQuick({ edition: "enterprise" });
  const producer = await Producer.connect({ url: server.url });
  const success = { type: "done" };
  const bid = await producer.batches.open({ description: "all", success }, async (batch) => {
    await batch.enqueue("a");
  });
  const [batch, ...more] = server.batches();
  assert.deepEqual([batch?.bid, batch?.description, batch?.committed], [bid, "all", true]);
  assert.deepEqual([batch?.total, batch?.pending, batch?.failed, more], [1, 1, 0, []]);
  assert.deepEqual(batch?.callbacks, { complete: undefined, success: "waiting" });
  await producer.close();
  await server.close();
});

test("queues are listed with their waiting jobs", async () => {
  await withJobs(
    [{ type: "a", queue: "b" }, { type: "a", at: later }],
    async (server, producer) => {
      await producer.queues.pause("b");
      await producer.sets.scheduled.requeue({ all: true });
      const { queues: [b, fallback], total, jobs } = server.queues();
      assert.deepEqual([total, jobs], [2, 2]);
      assert.deepEqual([b?.name, b?.size, b?.paused], ["b", 1, true]);
      assert(b!.latency! >= 0);
      // A scheduled job has no time at which it was enqueued.
      assert.deepEqual(fallback, { name: "default", size: 1, paused: false, latency: undefined });
    },
  );
});

test("queues that mark cancelled jobs are not listed", async () => {
  await withJobs([{ type: "x", queue: "a" }], async (server, producer) => {
    await producer.cancel("no-such-job");
    assert(Object.keys(server.snapshot().queues).length === 2);
    assert.deepEqual(server.queues().queues.map(({ name }) => name), ["a"]);
  });
});

test("queues are searched, sorted and paged", async () => {
  const jobs = ["b", "c", "a", "c", "ab"].map((queue) => ({ type: "x", queue }));
  await withJobs(jobs, (server) => {
    const names = (query: QueueQuery) => server.queues(query).queues.map(({ name }) => name);
    assert.deepEqual(names({}), ["a", "ab", "b", "c"]);
    assert.deepEqual(names({ order: "size", limit: 1 }), ["c"]);
    assert.deepEqual(names({ offset: 1, limit: 2 }), ["ab", "b"]);
    const { total, jobs } = server.queues({ text: "b", limit: 1 });
    assert.deepEqual([total, jobs], [2, 2]);
    assert.deepEqual(names({ name: "a" }), ["a"]);
    assert.throws(() => server.queues({ limit: 0 }), { code: "INVALID_FILTER" });
    assert.throws(() => server.queues({ order: "x" as never }), { code: "INVALID_FILTER" });
  });
});

test("invalid selections are refused, and a missing filter never means all", async () => {
  await withJobs([{ type: "a", at: later }], async (server) => {
    const invalid = { name: "InvalidArgumentError", code: "INVALID_FILTER" };
    // deno-lint-ignore no-explicit-any
    const wrong: any[] = [
      {},
      null,
      { set: "x" },
      { set: "dead", limit: 0 },
      { set: "dead", offset: -1 },
      { set: "dead", type: "" },
      { queue: 7 },
    ];
    for (const query of wrong) await assert.rejects(server.jobs(query), invalid);
    // deno-lint-ignore no-explicit-any
    const selections: any[] = [7, null, { set: "working", all: true }, [""], {
      set: "dead",
      jids: "x",
    }];
    for (const selection of selections) await assert.rejects(server.discard(selection), invalid);
    await assert.rejects(server.discard({ set: "scheduled" }), { code: "FILTER_MATCHES_ALL" });
    // deno-lint-ignore no-explicit-any
    await assert.rejects(server.job(undefined as any), invalid);
    // deno-lint-ignore no-explicit-any
    await assert.rejects(server.job("any-job-id", { set: "dead" } as any), invalid);
    assert.equal(await server.discard({ set: "scheduled", jids: [] }), 0);
    assert.equal(server.snapshot().scheduled, 1);
    assert.equal(await server.discard({ set: "scheduled", all: true }), 1);
  });
});

test("INSPECT works over the wire, and reports errors", async () => {
  const core = new ServerState({}, {});
  const { inspector } = core.context;
  const { inspect } = await import("../../src/server/inspect/inspect_command.ts");
  const ask = async (request: unknown) =>
    JSON.parse((await inspect(inspector, JSON.stringify(request))).replace(/^\$\d+\r\n/, ""));
  assert.deepEqual(await ask({ jobs: { set: "dead" } }), {
    result: { jobs: [], total: 0, searched: 0 },
  });
  assert.deepEqual(await ask({ job: { jid: "x" } }), { result: null });
  assert.deepEqual(await ask({ discard: ["x"] }), { result: 0 });
  assert.deepEqual(await ask({ queues: {} }), { result: { queues: [], total: 0, jobs: 0 } });
  assert.deepEqual(await ask({ workers: true }), { result: [] });
  assert.deepEqual(await ask({ count: { set: "dead", all: true } }), { result: 0 });
  assert.deepEqual(await ask({ signal: { wid: "x", state: "quiet" } }), { result: false });
  assert.equal((await ask({ signal: { wid: 1 } })).error.code, "INVALID_ARGUMENT");
  assert.deepEqual(await ask({ batches: true }), { result: [] });
  assert.deepEqual(await ask({ recurring: true }), { result: [] });
  assert.deepEqual(await ask({ attempts: { jid: "x" } }), { result: [] });
  assert.deepEqual(await ask({ cancel: { jid: "any-job-id" } }), { result: null });
  assert.equal((await ask({ cancel: {} })).error.code, "INVALID_FILTER");
  assert.equal((await ask({ history: true })).result.hour.length, 360);
  for (
    const [request, code] of [[7, "INVALID_ARGUMENT"], [{}, "INVALID_ARGUMENT"], [
      { jobs: 1 },
      "INVALID_FILTER",
    ]] as const
  ) {
    assert.equal((await ask(request)).error.code, code);
  }
  core.close();
});

test("stored history is read again", () => {
  const clock = new ManualClock();
  const kept = new Map<string, string>();
  const store: Store = {
    ...nullStore,
    isDurable: true,
    set: (_table, key, json) => void kept.set(key, json),
    all: () => kept,
  };
  const totals = { enqueued: 0, processed: 5, failed: 0 };
  const first = new History(clock, store, () => ({ ...totals }));
  totals.processed = 7;
  first.sample();
  clock.advance(60_000);
  totals.processed = 0;
  first.sample();
  totals.processed = 3;
  const again = new History(clock, store, () => ({ ...totals }));
  const processed = (history: History) => history.read().hour.map(({ processed }) => processed);
  assert.deepEqual([processed(again).at(-7), processed(again).at(-1)], [2, 0]);
  assert.equal(processed(first).at(-1), 3);
});
