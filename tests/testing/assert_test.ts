import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Consumer, defineJobs, FaktoryError, Job, job, Producer } from "../../mod.ts";
import { AssertionError, FakeFaktory, ManualClock } from "../../src/testing/mod.ts";

/** Returns the error that `act` throws. */
function thrown(act: () => unknown): AssertionError {
  try {
    act();
  } catch (error) {
    assert(error instanceof AssertionError, String(error));
    assert(error instanceof FaktoryError);
    assert.equal(error.name, "AssertionError");
    return error;
  }
  assert.fail("it did not throw");
}

describe("a fake Faktory with a catalogue", () => {
  const jobs = defineJobs({
    mail: job<[to: string]>({ queue: "letters", retry: 3, custom: { lang: "en" } }),
    sum: job<number[]>(),
  });

  it("gives jobs its defaults", async () => {
    await using faktory = await FakeFaktory.start({ jobs });
    assert.equal(faktory.producer.jobs, jobs);
    await faktory.producer.enqueue("mail", ["Ada"]);
    faktory.assertEnqueued("mail", { queue: "letters", retry: 3, custom: { lang: "en" } });
    faktory.assertNotEnqueued("sum");
  });

  it("refuses jobs that the program's own producer refuses", async () => {
    await using faktory = await FakeFaktory.start({ jobs });
    const producer = faktory.producer as Producer;
    await assert.rejects(producer.enqueue("male", ["Ada"]), /did you mean "mail"/);
    assert.equal(faktory.jobs.length, 0);
    await assert.rejects(FakeFaktory.start({ jobs: 5 as never }), /the option jobs/);
  });

  it("does not look for a type that is not in the catalogue", async () => {
    await using faktory: FakeFaktory = await FakeFaktory.start({ jobs });
    assert.throws(() => faktory.assertNotEnqueued("male"), /did you mean "mail"/);
    assert.throws(() => faktory.assertEnqueued("male"), /did you mean "mail"/);
  });

  it("drains them with a consumer of the same catalogue", async () => {
    await using faktory = await FakeFaktory.start({ jobs });
    const consumer = new Consumer({ jobs, queues: ["letters"] });
    const sent: string[] = [];
    consumer.register("mail", async ({ args: [to] }, { producer }) => {
      sent.push(to);
      if (to === "Ada") await producer.enqueue("mail", ["Bob"]);
    });
    await faktory.producer.enqueue("mail", ["Ada"]);
    await faktory.drain(consumer);
    assert.deepEqual(sent, ["Ada", "Bob"]);
  });
});

describe("a fake Faktory", () => {
  it("records jobs in order, in the form that the server received", async () => {
    await using faktory = await FakeFaktory.start();
    assert.equal(faktory.jobs.length, 0);
    const at = new Date(Date.now() + 60_000);
    const jid = await faktory.producer.enqueue("resize", ["cat.png", { when: new Date(0) }]);
    await faktory.producer.enqueueMany([
      { type: "resize", args: ["dog.png"], queue: "images", retry: 3 },
      new Job("welcome", ["Ada"], { at, custom: { lang: "en" } }),
    ]);
    const jobs = faktory.jobs;
    assert.equal(jobs.length, 3);
    const [first, second, third] = jobs as [Job, Job, Job];
    assert(first instanceof Job);
    assert.equal(first.jid, jid);
    assert.deepEqual(first.args, ["cat.png", { when: "1970-01-01T00:00:00.000Z" }]);
    assert.deepEqual([second.queue, second.retry, first.retry], ["images", 3, 25]);
    assert.deepEqual([third.at, third.custom], [at, { lang: "en" }]);
    assert.equal(faktory.snapshot().scheduled, 1);
    assert.deepEqual(faktory.snapshot().queues, { default: 1, images: 1 });
  });

  it("accepts jobs of producers that connect themselves, and refuses invalid ones", async () => {
    await using faktory = await FakeFaktory.start();
    await using producer = await Producer.connect({ ...faktory.connection, connections: 2 });
    await producer.enqueue("a");
    await assert.rejects(producer.enqueue("b", [new Map()]), { code: "INVALID_ARGS" });
    faktory.assertEnqueued("a", { times: 1 });
    faktory.assertNotEnqueued("b");
  });

  it("clear deletes everything", async () => {
    await using faktory = await FakeFaktory.start();
    await faktory.producer.enqueue("a");
    await faktory.producer.enqueue("a", [], { at: new Date(Date.now() + 60_000) });
    faktory.clear();
    faktory.assertNotEnqueued("a");
    assert.equal(faktory.snapshot().scheduled, 0);
    await faktory.producer.enqueue("b");
    assert.deepEqual(faktory.jobs.map(({ type }) => type), ["b"]);
  });

  it("leaves no timer when it is closed", async () => {
    const clock = new ManualClock();
    const faktory = await FakeFaktory.start({ clock });
    await faktory.producer.enqueue("a");
    await faktory.close();
    await faktory[Symbol.asyncDispose]();
    assert.equal(clock.pending, 0);
    assert.equal(faktory.jobs.length, 1);
    await assert.rejects(faktory.producer.enqueue("b"), { code: "CLOSED" });
  });

  it("requires a clock that can be moved", async () => {
    await assert.rejects(FakeFaktory.start({ clock: {} as never }), {
      code: "INVALID_OPTION",
      message: "Cannot use the option clock as it is not a ManualClock: got an object",
    });
  });
});

describe("assertEnqueued", () => {
  const at = new Date(Date.now() + 60_000);

  async function start() {
    const faktory = await FakeFaktory.start();
    const { producer } = faktory;
    await producer.enqueue("resize", ["cat.png", { width: 320, fit: ["a", null] }], {
      queue: "images",
      retry: 5,
      custom: { lang: "en", from: { page: 1, tab: 2 } },
    });
    await producer.enqueue("resize", ["dog.png"]);
    await producer.enqueue("remind", ["Ada"], { at });
    return faktory;
  }

  it("returns the jobs that match each expectation", async () => {
    await using faktory = await start();
    const [first] = faktory.assertEnqueued("resize");
    assert.equal(first.args[0], "cat.png");
    assert.equal(faktory.assertEnqueued("resize", { times: 2 }).length, 2);
    const width: object = { fit: ["a", null], width: 320 };
    const fits = [
      { args: ["cat.png", width] },
      { queue: "images" },
      { retry: 5 },
      { at: null, args: ["cat.png", width] },
      { custom: { lang: "en" } },
      { custom: { from: { tab: 2 } }, queue: "images", times: 1 },
    ];
    for (const expected of fits) {
      assert.equal(faktory.assertEnqueued("resize", expected)[0], first, JSON.stringify(expected));
    }
    faktory.assertEnqueued("remind", { at });
    faktory.assertEnqueued("remind", { at: new Date(at.getTime() + 900) });
    faktory.assertEnqueued("remind", { at: new Date(at.getTime() + 4000), withinMs: 5000 });
  });

  it("compares arguments as JSON", async () => {
    await using faktory = await FakeFaktory.start();
    const when = new Date();
    await faktory.producer.enqueue("a", [when, { toJSON: () => "x" }]);
    faktory.assertEnqueued("a", { args: [when, "x"] });
  });

  it("lists the existing jobs, the most similar first", async () => {
    await using faktory = await start();
    const error = thrown(() =>
      faktory.assertEnqueued("resize", { args: ["dog.png"], queue: "images" })
    );
    assert.equal(error.code, "NOT_ENQUEUED");
    assert.equal(
      error.message,
      `Cannot find a job of type "resize" with args ["dog.png"], queue "images" among the enqueued ` +
        `jobs.\n` +
        `Jobs of this type:\n` +
        `  - args ["cat.png",{"fit":["a",null],"width":320}], queue "images": ` +
        `args has 2 elements, not 1\n` +
        `  - args ["dog.png"], queue "default": queue is "default", not "images"`,
    );
    assert.deepEqual(error.expected, { args: ["dog.png"], queue: "images" });
    assert.equal((error.actual as unknown[]).length, 2);
  });

  it("names the differences at any depth", async () => {
    await using faktory = await start();
    const differences: [type: string, expected: object, said: string][] = [
      [
        "resize",
        { args: ["cat.png", { width: 64, fit: ["a", null] }] },
        "args[1].width is 320, not 64",
      ],
      ["resize", { args: ["cat.png", { width: 320 }] }, "args[1].fit is not wanted"],
      [
        "resize",
        { args: ["cat.png", { width: 320, fit: [], x: 1 }] },
        "args[1].fit has 2 elements, not 0",
      ],
      ["resize", { args: ["dog.png", 1] }, "args has 1 elements, not 2"],
      ["resize", { retry: 6 }, "retry is 5, not 6"],
      ["resize", { custom: { lang: "de" } }, 'custom.lang is "en", not "de"'],
      ["resize", { custom: { to: 1 } }, "custom.to is missing"],
      ["resize", { at }, `at is absent, not ${at.toISOString()}`],
      ["remind", { at: null }, `at is ${at.toISOString()}, not absent`],
      ["remind", { at: new Date(at.getTime() + 2000) }, `at is ${at.toISOString()}, not `],
    ];
    for (const [type, expected, said] of differences) {
      const { message } = thrown(() => faktory.assertEnqueued(type, expected));
      assert(message.includes(said), `${said} is not in ${message}`);
    }
  });

  it("reports that there is no job of the type, and which types there are", async () => {
    await using faktory = await start();
    assert.match(
      thrown(() => faktory.assertEnqueued("resise")).message,
      /No job of this type was enqueued. Jobs of other types:\n {2}- "resize": 2\n {2}- "remind": 1$/,
    );
    faktory.clear();
    assert.match(
      thrown(() => faktory.assertEnqueued("resize")).message,
      /No job was enqueued/,
    );
  });

  it("counts the jobs, and reports their number", async () => {
    await using faktory = await start();
    assert.match(
      thrown(() => faktory.assertEnqueued("resize", { times: 1 })).message,
      /^Cannot find exactly 1 job of type "resize", but 2, among [^]*: as expected\n/,
    );
    for (let i = 0; i < 20; i++) await faktory.producer.enqueue("many", [i]);
    assert.match(
      thrown(() => faktory.assertEnqueued("many", { times: 3 })).message,
      /exactly 3 jobs [^]*- and 10 more$/,
    );
  });

  it("assertNotEnqueued lists the matching jobs", async () => {
    await using faktory = await start();
    faktory.assertNotEnqueued("resize", { args: ["bird.png"] });
    const error = thrown(() => faktory.assertNotEnqueued("resize", { queue: "images" }));
    assert.equal(error.code, "ENQUEUED");
    assert.match(
      error.message,
      /^Expected no job of type "resize" with queue "images", but 1 was enqueued:\n {2}- args \["cat/,
    );
  });

  it("refuses expectations that no job can meet", async () => {
    await using faktory = await start();
    const wrong: [expected: object, said: RegExp][] = [
      [{ arguments: [] }, /"arguments" is not a property to compare: these are args, queue, /],
      [{ args: [1n] }, /args\[0\] is a bigint, and JSON cannot hold that/],
      [{ custom: { a: new Map() } }, /custom\.a is a Map, and JSON cannot hold that/],
      [{ at: "tomorrow" }, /at is neither a Date nor null: got "tomorrow"/],
      [
        { times: 0 },
        /times is not an integer of 1 or more: got 0\. Did you mean assertNotEnqueued/,
      ],
    ];
    for (const [expected, message] of wrong) {
      assert.throws(() => faktory.assertEnqueued("resize", expected), {
        name: "InvalidArgumentError",
        code: "INVALID_ARGUMENT",
        message,
      });
    }
    assert.throws(() => faktory.assertNotEnqueued(1 as never), { code: "INVALID_ARGUMENT" });
    assert.throws(() => faktory.assertNotEnqueued("a", { times: 1 } as never), {
      message: /"times" is not a property to compare/,
    });
  });
});
