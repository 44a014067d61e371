import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type ConsumerMiddleware, Discard, type Handler, Outcome } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { runJob } from "../../src/testing/mod.ts";
import { start } from "./setting.ts";

/** Runs a job whose handler has this middleware, the first one outermost. */
function runWithin(middleware: readonly ConsumerMiddleware[], handler: Handler) {
  const consumer = new Consumer();
  for (const one of middleware) consumer.use(one);
  return runJob(consumer.register("x", handler), { type: "x", args: [1] });
}

test("middleware runs before and after the handler, the first one outermost", async () => {
  await using setting = await start();
  const way: unknown[] = [];
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1 });
  const around = (name: string): ConsumerMiddleware => async (job, context, next) => {
    way.push(`${name} in ${job.args[0]} ${context.attempt}`);
    const value = await next();
    way.push(`${name} out ${value}`);
    return `${value} ${name}`;
  };
  consumer.use(around("a")).use(around("b"));
  consumer.register("x", (job, { attempt }) => {
    way.push(`handler ${job.args[0]} ${attempt}`);
    return "value";
  });
  await setting.producer.enqueue("x", [7]);
  assert.equal((await consumer.run({ maxJobs: 1 })).done, 1);
  assert.deepEqual(way, [
    "a in 7 1",
    "b in 7 1",
    "handler 7 1",
    "b out value",
    "a out value b",
  ]);
  assert.equal(setting.server.snapshot().processed, 1);
});

test("middleware that is added during a run applies to later jobs", async () => {
  await using setting = await start();
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1 });
  const seen: string[] = [];
  consumer.use(async (_job, _context, next) => {
    seen.push("first");
    await next();
  });
  consumer.register("x", () => {
    if (seen.length > 1) return;
    consumer.use(async (_job, _context, next) => {
      seen.push("second");
      await next();
    });
  });
  await setting.producer.enqueueMany([{ type: "x" }, { type: "x" }]);
  await consumer.run({ maxJobs: 2 });
  assert.deepEqual(seen, ["first", "first", "second"]);
});

test("middleware that does not call next ends the job", async () => {
  for (const value of [undefined, "its own"]) {
    const run = await runWithin([() => value], () => assert.fail("the handler ran"));
    assert.deepEqual([run.outcome, run.result], ["done", value]);
  }
});

test("a job of a type without a handler passes no middleware", async () => {
  await using setting = await start();
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1 });
  consumer.use(() => assert.fail("there is nothing to go around"));
  const errors: unknown[] = [];
  consumer.on("fail", ({ error }) => errors.push((error as { code: string }).code));
  await setting.producer.enqueue("nobody's");
  await consumer.run({ maxJobs: 1 });
  assert.deepEqual(errors, ["NOT_REGISTERED"]);
  assert.equal(setting.server.snapshot().retries, 1);
});

test("calling next twice fails the job, but runs the handler once", async () => {
  const twice: ConsumerMiddleware[] = [
    async (_job, _context, next) => {
      await next();
      await next();
    },
    (_job, _context, next) => void [next(), next()],
    (_job, _context, next) => Promise.all([next(), next()]),
    async (_job, _context, next) => {
      await next();
      await next().catch(() => {});
      return "fine";
    },
  ];
  for (const [i, middleware] of twice.entries()) {
    let runs = 0;
    const through: ConsumerMiddleware = (_job, _context, next) => next();
    const run = await runWithin([through, middleware, through], () => void runs++);
    assert.equal(run.outcome, "failed", `way ${i}`);
    assert.equal((run.error as { code: string }).code, "NEXT_CALLED_TWICE", `way ${i}`);
    assert.equal(runs, 1, `way ${i}`);
  }
});

test("two middleware functions may each call their own next once", async () => {
  let runs = 0;
  const again: ConsumerMiddleware = async (_job, _context, next) => {
    await next();
  };
  const run = await runWithin([again, again, again], () => ++runs);
  assert.deepEqual([run.outcome, run.result, runs], ["done", 1, 1]);
});

test("a handler is awaited and its result used, even if its middleware does not wait", async () => {
  const careless: ConsumerMiddleware = (_job, _context, next) => {
    next();
  };
  const finish = deferred<string>();
  let isOver = false;
  const running = runWithin([careless], () => finish.promise);
  void running.then(() => isOver = true);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false);
  finish.resolve("the handler's");
  assert.deepEqual((await running).result, "the handler's");
  const error = new Error("from the handler");
  assert.equal((await runWithin([careless], () => Promise.reject(error))).error, error);
  assert.equal((await runWithin([careless, careless], () => Promise.reject(error))).error, error);
});

test("middleware with a result of its own need not wait for the handler", async () => {
  const run = await runWithin(
    [(_job, _context, next) => Promise.race([next(), Promise.resolve(new Discard("too slow"))])],
    () => new Promise(() => {}),
  );
  assert.equal(run.outcome, "discard");
});

test("a next that is called after the end runs nothing", async () => {
  let late: (() => Promise<unknown>) | undefined;
  const run = await runWithin(
    [(_job, _context, next) => void (late = next)],
    () => assert.fail("the handler ran"),
  );
  assert.equal(run.outcome, "done");
  await assert.rejects(late!(), { code: "NEXT_CALLED_LATE" });
});

test("an error of the handler rejects next, and can be handled", async () => {
  const error = new Error("from the handler");
  const caught: unknown[] = [];
  const catching: ConsumerMiddleware = async (_job, _context, next) => {
    try {
      await next();
    } catch (thrown) {
      caught.push(thrown);
    }
  };
  const run = await runWithin([catching], () => Promise.reject(error));
  assert.deepEqual([run.outcome, caught], ["done", [error]]);
  const passing: ConsumerMiddleware = (_job, _context, next) => next();
  assert.equal((await runWithin([passing], () => Promise.reject(error))).error, error);
  assert.equal(
    (await runWithin([passing], () => {
      throw error;
    })).error,
    error,
  );
});

test("an error of middleware fails the job, before and after next, sync or async", async () => {
  const error = new RangeError("from the middleware");
  let runs = 0;
  const throwing: ConsumerMiddleware[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    async (_job, _context, next) => {
      await next();
      throw error;
    },
  ];
  for (const middleware of throwing) {
    assert.equal((await runWithin([middleware], () => void runs++)).error, error);
  }
  assert.equal(runs, 1);
});

test("an outcome rejects next in outer middleware only", async () => {
  const caught: unknown[] = [];
  const around = (name: string): ConsumerMiddleware => async (_job, _context, next) => {
    try {
      return await next();
    } catch (error) {
      caught.push([name, error instanceof Outcome]);
      throw error;
    }
  };
  const giving: ConsumerMiddleware = async (_job, _context, next) => {
    await next();
    return new Discard();
  };
  const run = await runWithin([around("a"), around("b"), giving, around("c")], () => "value");
  assert.equal(run.outcome, "discard");
  assert.deepEqual(caught, [["b", true], ["a", true]]);
});

test("middleware that is not a function is refused", () => {
  for (const wrong of [undefined, null, {}, "x"]) {
    assert.throws(() => new Consumer().use(wrong as never), { code: "INVALID_OPTION" });
  }
});
