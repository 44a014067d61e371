import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Job, Producer } from "../../mod.ts";
import { decodeJob } from "../../src/job/decode.ts";
import { encodeRequeuedJob } from "../../src/job/requeued_job.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { withCustom } from "../../src/job/with_custom.ts";
import { info } from "../../src/protocol/commands/server.ts";
import { pushBulk } from "../../src/protocol/commands/jobs.ts";
import { parseServerInfo } from "../../src/protocol/server_info.ts";
import { MemoryServer } from "../../src/testing/mod.ts";

/** JSON with names of inherited properties, or of ways from an object to its prototype. */
const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON"];
const POISON = `{${
  NAMES.map((name) =>
    `"${name}":{"polluted":true,"prototype":{"polluted":true},"__proto__":{"polluted":true}}`
  ).join()
}}`;

/** @throws {AssertionError} if a shared object has a new property. */
function assertClean(): void {
  for (const shared of [{}, [], () => {}, "", 0, Object, Array, new Map(), new Error()]) {
    assert.equal((shared as { polluted?: unknown }).polluted, undefined);
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
  for (const name of ["toString", "hasOwnProperty", "constructor"] as const) {
    assert.equal(typeof Object.prototype[name], "function");
  }
}

/** A job as in `PUSH`, with these names everywhere. */
const WIRE = `{"jid":"poisoned","jobtype":"x","queue":"default","retry":3,"args":[${POISON}],` +
  `"custom":${POISON},"failure":${POISON},${POISON.slice(1)}`;

test("a job's JSON pollutes nothing when it is read, reported and requeued", () => {
  const job = decodeJob(WIRE);
  assertClean();
  assert.equal(Object.getPrototypeOf(job.args[0]), Object.prototype);
  assert.equal(Object.getPrototypeOf(job.custom), Object.prototype);
  assert.equal(Object.getPrototypeOf(job.failure), Object.prototype);
  assert.equal(job.failure?.retryCount, 0);
  for (const json of [encodeJob({ type: "x", args: job.args, custom: job.custom }).json]) {
    // Names without a special meaning stay as they are.
    assert(json.includes(`"args":[${POISON}]`) && json.includes(`"custom":${POISON}`), json);
  }
  const again = encodeRequeuedJob(job, new Date()).json;
  assert(again.includes(`"args":[${POISON}]`) && again.includes(`"custom":${POISON}`), again);
  const added = withCustom(job, JSON.parse(POISON));
  assert.equal(Object.getPrototypeOf(added.custom), Object.prototype);
  assert.deepEqual(Object.keys(added.custom!), NAMES);
  assertClean();
});

test("an option with such a name is refused like any unknown option", () => {
  const options = JSON.parse(`{"__proto__":{"queue":"poisoned"}}`);
  for (
    const job of [
      new Job("x", [], options),
      { type: "x", ...options },
      withCustom(new Job("x", [], options), { bid: "b" }),
      withCustom({ type: "x", ...options }, { bid: "b" }),
    ]
  ) assert.throws(() => encodeJob(job), { code: "INVALID_JOB", path: "__proto__" });
});

test("a server's replies pollute nothing", () => {
  const raw = info().parse({
    kind: "bulk",
    text:
      `{"faktory":{"queues":${POISON.replaceAll(/\{"polluted".*?\}\}/g, "7")},"sets":${POISON}},` +
      `"server":${POISON},${POISON.slice(1)}`,
  });
  const { queues } = parseServerInfo(raw);
  assert.equal(Object.getPrototypeOf(queues), Object.prototype);
  assert.deepEqual(Object.keys(queues), NAMES);
  const refused = pushBulk("").parse({ kind: "bulk", text: `{"__proto__":"no","toString":"no"}` });
  assert.deepEqual([...refused], [["__proto__", "no"], ["toString", "no"]]);
  assertClean();
});

test("jobs with such types, queues and ids pass end to end, and pollute neither side", async () => {
  await using server = await MemoryServer.start({ edition: "enterprise" });
  const options = { url: server.url, transport: server.transport };
  await using producer = await Producer.connect(options);
  producer.use((job, next) => next({ ...job, custom: { ...job.custom, seen: true } }));
  const consumer = new Consumer({ ...options, queues: [...NAMES], concurrency: 1 });
  const got: unknown[] = [];
  let isSecond = false;
  for (const name of NAMES) {
    consumer.register(name, (job) => {
      got.push([job.type, job.queue, JSON.stringify(job.args), Object.keys(job.custom)]);
      if (!isSecond) throw Object.assign(new Error(POISON), { name, stack: POISON });
    });
  }
  const jobs = NAMES.map((name) => ({
    ...{ type: name, queue: name, jid: name.padEnd(8, "-"), args: [JSON.parse(POISON)] },
    custom: JSON.parse(POISON),
  }));
  const { failed } = await producer.enqueueMany(jobs);
  assert.deepEqual([...failed], []);
  assert.deepEqual(Object.keys(server.snapshot().queues).sort(), [...NAMES].sort());
  assert.deepEqual([...(await producer.queues.latency(NAMES)).keys()].sort(), [...NAMES].sort());
  for (const name of NAMES) await producer.queues.pause(name);
  for (const name of NAMES) await producer.queues.resume(name);
  await consumer.run({ maxJobs: NAMES.length });
  assert.equal(server.snapshot().retries, NAMES.length);
  isSecond = true;
  for (const name of NAMES) await producer.sets.retries.requeue({ type: name });
  await consumer.run({ maxJobs: NAMES.length });
  const wanted = NAMES.map((name) => [name, name, `[${POISON}]`, [...NAMES, "seen"].sort()]);
  const sorted = got.map((one) => {
    const [type, queue, args, keys] = one as [string, string, string, string[]];
    // The server writes its own fields in its own order.
    return [type, queue, JSON.stringify(sortedKeys(JSON.parse(args))), [...keys].sort()];
  });
  assert.deepEqual(
    sorted,
    [...wanted, ...wanted].map(([type, queue, args, keys]) => [
      ...[type, queue, JSON.stringify(sortedKeys(JSON.parse(args as string))), keys],
    ]),
  );
  assertClean();
});

/** Returns names and values, in the order of the names. */
function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortedKeys);
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, inner]) => [key, sortedKeys(inner)]);
}
