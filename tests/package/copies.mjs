// Checks that two copies of the package recognise each other's classes.

import assert from "node:assert/strict";

/** Returns the exports that are classes, with their names. */
function classesOf(module) {
  return Object.entries(module).filter(([, value]) =>
    typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value))
  );
}

/** Checks every class that the package tests for with `instanceof`. */
export function checkClasses(one, other) {
  const names = [];
  for (const [name, Class] of classesOf(one)) {
    const Other = other[name];
    if (Class === Other) throw new Error(`${name} is the same in both copies`);
    const isTestedFor = Class.prototype instanceof Error ||
      ["Job", "Consumer", "Producer"].includes(name);
    if (!isTestedFor) continue;
    assert(Object.create(Other.prototype) instanceof Class, name);
    assert(Object.create(Class.prototype) instanceof Class, name);
    assert(!(Object.create(Object.prototype) instanceof Class), name);
    names.push(name);
  }
  assert(names.length > 20, `${names}`);
  class Own extends one.ConnectError {}
  assert(new Own("X", "x") instanceof other.FaktoryError);
  assert(!(new one.ConnectError("X", "x") instanceof Own));
  assert(!(new one.ConnectError("X", "x") instanceof other.ServerError));
  assert(
    new one.TimeoutError("X", "x", { outcome: "unknown" }) instanceof other.ConnectionLostError,
  );
  for (const value of [undefined, null, 5, "x", {}, () => {}]) {
    assert(!(value instanceof other.FaktoryError));
  }
}

/** Uses handlers, jobs, catalogues and transports of one copy in the other. */
export async function checkWork(one, other) {
  const { Consumer, defineJobs, job } = one;
  const jobs = defineJobs({ mail: job({ queue: "letters", retry: 3 }) });
  const faktory = await one.FakeFaktory.start();
  try {
    const { connection } = faktory;
    const producer = await one.Producer.connect({ ...connection, jobs });
    await producer.enqueue(new other.Job("mail", ["Ada"]));
    await assert.rejects(
      producer.enqueue(new other.Job("mail", [], { retires: 3 })),
      (error) => error instanceof other.InvalidJobError && /retires/.test(error.message),
    );
    faktory.assertEnqueued("mail", { queue: "letters", retry: 3 });
    await producer.close();
    faktory.clear();

    const types = ["discard", "kill", "retry", "snooze", "failed"];
    await faktory.producer.enqueueMany(types.map((type) => ({ type })));
    const consumer = new other.Consumer();
    consumer.register("discard", () => {
      throw new one.Discard("late");
    });
    consumer.register("kill", () => new one.Kill("no"));
    consumer.register("retry", () => {
      throw new one.RetryAfter(60);
    });
    consumer.register("snooze", () => new one.Snooze(60));
    consumer.register("failed", () => {
      throw new one.ConnectError("X", "x");
    });
    const runs = await faktory.drain(consumer, { allowFailures: true });
    assert.deepEqual(runs.map(({ outcome }) => outcome), types);
    const { working, dead, retries, scheduled } = faktory.snapshot();
    assert.deepEqual([working, dead, retries, scheduled], [0, 1, 1, 2]);

    const handler = () => new other.Snooze(7);
    const run = await one.runJob(new Consumer().register("x", handler), { type: "x" });
    assert.deepEqual([run.outcome, run.seconds], ["snooze", 7]);

    const strange = await other.Producer.connect(connection);
    const isClosed = (error) => error instanceof one.StateError && error.code === "CLOSED";
    let calls = 0;
    faktory.inline(new other.Consumer().register("y", () => void calls++), {
      producers: [strange],
    });
    await strange.enqueue("y");
    assert.equal(calls, 1);
    await strange.close();
    await assert.rejects(strange.enqueue("y"), isClosed);
  } finally {
    await faktory.close();
  }
}
