import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import {
  type CallOptions,
  defineJobs,
  InvalidJobError,
  Job,
  job,
  type JobInput,
  Producer,
} from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { refusing, schemaOf } from "../job/schemas.ts";
import { scripted } from "./setting.ts";

const welcome = z.tuple([z.string(), z.object({ vip: z.boolean().default(false) })]);
const verdict = deferred<{ readonly value: readonly unknown[] }>();
const jobs = defineJobs({
  resize: job<[path: string, width: number]>({ queue: "images", retry: 5 }),
  welcome: job(welcome, { queue: "mail" }),
  slow: job(schemaOf(async (args) => {
    await verdict.promise;
    return args === undefined ? { issues: [] } : { value: args as unknown[] };
  })),
  slowToRefuse: job(schemaOf(() => Promise.resolve({ issues: [{ message: "no", path: [0] }] }))),
  refused: job(refusing({ message: "no", path: [0] })),
});

/** Returns a producer with the catalogue and a server played by the test, typed and untyped. */
async function withCatalogue() {
  const { peer, producer } = await scripted({ jobs });
  const untyped = producer as unknown as {
    enqueue(type: string, args?: unknown[], options?: CallOptions): Promise<string>;
    enqueue(job: JobInput): Promise<string>;
  };
  return { peer, producer, untyped };
}

function sentJob(line: string): Record<string, unknown> {
  return JSON.parse(line.slice(line.indexOf("{"), line.lastIndexOf("}") + 1));
}

test("all ways to enqueue a job fill in the defaults of its type", async () => {
  const { peer, producer } = await withCatalogue();
  const ways = [
    () => producer.enqueue("resize", ["a", 1]),
    () => producer.enqueue({ type: "resize", args: ["a", 1] }),
    () => producer.enqueue(new Job("resize", ["a", 1])),
    () => producer.enqueueMany([new Job("resize", ["a", 1])]),
    () => producer.enqueueMany([{ type: "resize", args: ["a", 1] }]),
    async () => {
      const writer = producer.writable().getWriter();
      await writer.write({ type: "resize", args: ["a", 1] });
      await writer.close();
    },
  ];
  for (const [i, way] of ways.entries()) {
    const done = way();
    await peer.received(i + 1);
    const { queue, retry, args } = sentJob(peer.lines[i]!);
    assert.deepEqual([queue, retry, args], ["images", 5, ["a", 1]]);
    peer.say("+OK\r\n");
    await done;
  }
});

test("arguments are sent unchanged, not as the schema's output", async () => {
  const { peer, producer } = await withCatalogue();
  const enqueuing = producer.enqueue("welcome", ["ann", {}], { queue: "other" });
  await peer.received(1);
  const { args, queue } = sentJob(peer.lines[0]!);
  assert.deepEqual([args, queue], [["ann", {}], "other"]);
  peer.say("+OK\r\n");
  await enqueuing;
});

test("invalid arguments and unknown types reject with the reason, unsent", async () => {
  const { peer, producer, untyped } = await withCatalogue();
  const secret = "4111-1111";
  await assert.rejects(untyped.enqueue("welcome", ["ann", { vip: secret }]), (error) => {
    assert(error instanceof InvalidJobError);
    assert.deepEqual([error.code, error.path], ["INVALID_ARGS", "args[1].vip"]);
    assert.deepEqual(error.issues, welcome.safeParse(["ann", { vip: secret }]).error!.issues);
    assert.match(error.message, /^Cannot enqueue job as its args .*"welcome": Invalid input/);
    assert.doesNotMatch(error.message, /4111/);
    return true;
  });
  await assert.rejects(untyped.enqueue("welcome"), { code: "INVALID_ARGS", path: "args" });
  await assert.rejects(untyped.enqueue(new Job("welcome", [1, {}])), { path: "args[0]" });
  await assert.rejects(untyped.enqueue("resise", []), {
    code: "INVALID_TYPE",
    message: /did you mean "resize"/,
  });
  await assert.rejects(producer.enqueue("slowToRefuse", [1]), { path: "args[0]" });
  // Arguments are not checked at run time if only their types are known.
  const enqueuing = untyped.enqueue("resize", [1, "a"]);
  await peer.received(1);
  assert.equal(peer.lines.length, 1);
  peer.say("+OK\r\n");
  await enqueuing;
});

test("of many jobs, the invalid ones are reported with their index, at once or later", async () => {
  const { peer, producer } = await withCatalogue();
  const many = producer.enqueueMany([
    { type: "refused", args: ["a"], jid: "jid-at-once" },
    { type: "resize", args: ["a", 1], jid: "jid-sound" },
    { type: "slowToRefuse", args: ["a"], jid: "jid-later" },
  ]);
  await peer.received(1);
  assert.equal(sentJob(peer.lines[0]!)["jid"], "jid-sound");
  peer.say("+OK\r\n");
  const { enqueued, failed } = await many;
  assert.deepEqual(enqueued, ["jid-sound"]);
  const failures = [...failed].map(([jid, error]) => {
    assert(error instanceof InvalidJobError);
    return [jid, error.path, error.issues?.length];
  });
  assert.deepEqual(failures, [
    ["jid-at-once", "jobs[0].args[0]", 1],
    ["jid-later", "jobs[2].args[0]", 1],
  ]);
});

test("a job is sent as it was when it was enqueued, however long its schema takes", async () => {
  const { peer, producer } = await withCatalogue();
  const args = ["before"];
  const enqueuing = producer.enqueue("slow", args);
  let isClosed = false;
  const closing = producer.close().then(() => isClosed = true);
  args[0] = "after";
  assert.deepEqual([peer.lines, isClosed], [[], false]);
  verdict.resolve({ value: [] });
  await peer.received(1);
  assert.deepEqual(sentJob(peer.lines[0]!)["args"], ["before"]);
  peer.say("+OK\r\n");
  await enqueuing;
  peer.end();
  await closing;
});

test("middleware gets the defaults, and the job that it passes on is checked", async () => {
  const { peer, producer, untyped } = await withCatalogue();
  const queues: unknown[] = [];
  producer.use((input, next) => {
    queues.push(input.queue);
    if (input.type === "old") return next({ type: "welcome", args: input.args });
    return next({ ...input, custom: { from: "web" } });
  });
  const first = producer.enqueue(new Job("resize", ["a", 1]));
  await peer.received(1);
  assert.equal(sentJob(peer.lines[0]!)["queue"], "images");
  peer.say("+OK\r\n");
  await first;
  const second = untyped.enqueue("old", ["ann", {}]);
  await peer.received(2);
  const { jobtype, queue } = sentJob(peer.lines[1]!);
  assert.deepEqual([jobtype, queue], ["welcome", "mail"]);
  peer.say("+OK\r\n");
  await second;
  await assert.rejects(untyped.enqueue("old", [1]), { code: "INVALID_ARGS" });
  assert.deepEqual(queues, ["images", undefined, undefined]);
  const { failed } = await producer.enqueueMany([{ type: "refused", args: [1] }]);
  const [error] = [...failed.values()];
  assert.equal((error as InvalidJobError).path, "jobs[0].args[0]");
});

test("jobs and callbacks of a batch are checked against the catalogue", async () => {
  const { peer, producer } = await withCatalogue();
  const callback = { type: "refused", args: [] } as const;
  await assert.rejects(producer.batches.open({ complete: callback }, () => {}), {
    code: "INVALID_ARGS",
  });
  const opening = producer.batches.open(
    { success: new Job("resize", ["a", 1]) },
    async (batch) => {
      await assert.rejects(batch.enqueue("refused", [1]), { code: "INVALID_ARGS" });
      await batch.enqueue(new Job("resize", ["b", 2]));
    },
  );
  await peer.received(1);
  const { success } = sentJob(peer.lines[0]!) as { success: Record<string, unknown> };
  assert.deepEqual([success["queue"], success["retry"]], ["images", 5]);
  peer.say("$3\r\nb-1\r\n");
  await peer.received(2);
  const { queue, custom } = sentJob(peer.lines[1]!);
  assert.deepEqual([queue, custom], ["images", { bid: "b-1" }]);
  peer.say("+OK\r\n");
  await peer.received(3);
  assert.equal(peer.lines[2], "BATCH COMMIT b-1");
  peer.say("+OK\r\n");
  assert.equal(await opening, "b-1");
});

test("an invalid catalogue is refused before connecting", async () => {
  const wrong = { t: job({ queue: "a b" }) };
  await assert.rejects(Producer.connect({ jobs: wrong }), { code: "INVALID_OPTION" });
  await assert.rejects(Producer.connect({ jobs: null as never }), { code: "INVALID_OPTION" });
});
