import assert from "node:assert/strict";
import { test } from "node:test";
import { threadId } from "node:worker_threads";
import {
  ConfigError,
  Consumer,
  Discard,
  InvalidArgumentError,
  isolated,
  type IsolatedContext,
  type IsolatedOptions,
  Job,
  JobAbortedError,
  RetryAfter,
  Snooze,
  StateError,
} from "../../mod.ts";
import { describeFailure } from "../../src/consumer/run/failure.ts";
import { findWorkerThreads, makeIsolated } from "../../src/consumer/isolated/isolated.ts";
import { moduleUrl } from "../../src/consumer/isolated/module_url.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { withFolder } from "../server/data.ts";

function fixture(name: string): URL {
  return new URL(`../fixtures/isolated/${name}`, import.meta.url);
}

test("messages that a module posts to its parent are not the thread's own", async () => {
  await using handler = act({ threads: 1 });
  const { context, calls } = listening();
  for (let i = 0; i < 3; i++) {
    assert.equal(await handler(new Job("act", ["post"]), context), true);
  }
  assert.deepEqual(calls, [1, 1, 1].map((percent) => ["progress", percent, undefined]));
});

function act(options?: IsolatedOptions, clock = new ManualClock()) {
  const workerThreads = findWorkerThreads();
  return makeIsolated(fixture("act.ts"), options ?? {}, { clock, workerThreads });
}

/** A context that keeps its calls. `said` resolves at the next log message. */
function listening(abort = new AbortController()) {
  const calls: unknown[] = [];
  let hear = () => {};
  const message = new Promise<void>((resolve) => hear = resolve);
  const logged = (level: string) => (message: string, fields?: unknown) => {
    calls.push(fields === undefined ? [level, message] : [level, message, fields]);
    hear();
  };
  const context: IsolatedContext = {
    signal: abort.signal,
    attempt: 1,
    progress: (percent, text) => {
      calls.push(["progress", percent, text]);
      if (percent > 100) return Promise.reject(new InvalidArgumentError("INVALID_ARGUMENT", "no"));
      return Promise.resolve(true);
    },
    extend: (seconds) => {
      calls.push(["extend", seconds]);
      return seconds < 0 ? Promise.reject(new Error("no")) : Promise.resolve(false);
    },
    log: {
      trace: logged("trace"),
      debug: logged("debug"),
      info: logged("info"),
      warn: logged("warn"),
      error: logged("error"),
    },
  };
  return { context, calls, message, abort };
}

const { context } = listening();
const stopped = new JobAbortedError("STOPPED", "the stop ran out of patience");

function job(...args: unknown[]): Job {
  return new Job("act", args);
}

async function caught(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  assert.fail("it did not reject");
}

test("a job is copied into a thread, and its thread is used again", async () => {
  await using run = act({ threads: 1 });
  const first = await run(job("where"), context) as { threadId: number; runs: number };
  assert.notEqual(first.threadId, threadId);
  assert.deepEqual(await run(job("where"), context), { threadId: first.threadId, runs: 2 });
  const at = new Date(1_700_000_000_000);
  const given = new Job("act", ["tell", { deep: [1] }], { at, custom: { own: "x" }, retry: 3 });
  const got = await run(given, { ...context, attempt: 4 });
  assert.deepEqual(got, { ...given, attempt: 4 });
});

test("there are no more threads than allowed, and waiting jobs run in order", async () => {
  await using run = act({ threads: 2 });
  assert.equal(run.concurrency, 2);
  const places = await Promise.all(Array.from({ length: 10 }, () => run(job("where"), context)));
  const threads = new Set(places.map((place) => (place as { threadId: number }).threadId));
  assert.equal(threads.size, 2);

  await using one = act({ threads: 1 });
  const ended: number[] = [];
  await Promise.all([1, 2, 3].map((n) => one(job("echo", n), context).then(() => ended.push(n))));
  assert.deepEqual(ended, [1, 2, 3]);
});

test("results that can be cloned are returned, others fail nothing", async () => {
  await using run = act({ threads: 1 });
  const value = { list: [1, "two"], when: new Date(0) };
  assert.deepEqual(await run(job("echo", value), context), value);
  assert.equal(await run(job("uncloneable"), context), undefined);
  await assert.rejects(run(job("echo", () => 1), context));
  assert.equal(await run(job("echo", 1), context), 1);
});

test("progress and extend return their results, awaited or not", async () => {
  await using run = act({ threads: 1 });
  const { context, calls } = listening();
  assert.deepEqual(await run(job("progress", 50, "half way"), context), [true, false]);
  assert.deepEqual(calls, [["progress", 50, "half way"], ["extend", 60]]);
  assert.deepEqual(await run(job("refusedProgress"), context), [
    "InvalidArgumentError",
    "INVALID_ARGUMENT",
    "no",
  ]);
  assert.equal(await run(job("aloneProgress"), context), true);
});

test("log messages arrive, with uncloneable fields as text", async () => {
  await using run = act({ threads: 1 });
  const { context, calls } = listening();
  await run(job("log"), context);
  const [, , , warning, error] = calls as [string, string, Record<string, unknown>][];
  assert.deepEqual(calls.slice(0, 3), [
    ["trace", "a trace"],
    ["debug", "a debug", { n: 1 }],
    ["info", "an info", { when: new Date(0) }],
  ]);
  assert.deepEqual(warning?.[2].fine, [1]);
  assert.match(String(warning?.[2].not), /=>/);
  assert.equal(warning?.[2].symbol, "Symbol(s)");
  assert.match(String(error?.[2].error), /TypeError: of it/);
});

test("an error has its name, message, code, cause and the stack of its thread", async () => {
  await using run = act({ threads: 1 });
  const error = await caught(run(job("throw"), context));
  assert(error instanceof Error);
  const { name, message, code, cause } = error;
  assert.deepEqual({ name, message, code, cause }, {
    name: "RangeError",
    message: "out of it",
    code: "E_CODE",
    cause: "Error: the cause",
  });
  const failure = describeFailure(
    { jid: "jid-jid-1", job: new Job("act", [], { backtrace: 3 }) },
    error,
  );
  assert.deepEqual([failure.type, failure.message], ["RangeError", "out of it"]);
  assert.match(failure.backtrace[0] ?? "", /fixtures\/isolated\/act\.ts:\d+/);

  for (const value of ["a text", { a: [1] }, null, undefined]) {
    assert.deepEqual(await caught(run(job("throwValue", value), context)), value);
  }
  assert.match(String(await caught(run(job("throwFunction"), context))), /function thrown/);
  assert.match(String(await caught(run(job("throwUnreadable"), context))), /cannot be read/);
});

test("outcomes, thrown or returned, become instances of the calling thread's classes", async () => {
  await using run = act({ threads: 1 });
  const discard = await caught(run(job("discard"), context));
  assert(discard instanceof Discard);
  assert.equal(discard.message, "of no use");
  assert.match(discard.stack ?? "", /act\.ts/);
  const retry = await caught(run(job("retry"), context));
  assert(retry instanceof RetryAfter);
  assert.deepEqual([retry.seconds, retry.message], [7, "busy"]);
  const snooze = await run(job("snooze"), context);
  assert(snooze instanceof Snooze);
  assert.equal(snooze.seconds, 3);
  assert((await caught(run(job("strange"), context))) instanceof InvalidArgumentError);
});

test("an abort arrives in the thread with its name, code and message", async () => {
  await using run = act({ threads: 1 });
  const { context, message, abort } = listening();
  const running = run(job("abortName"), context);
  await message;
  abort.abort(stopped);
  assert.deepEqual(await running, ["JobAbortedError", "STOPPED", stopped.message, true]);

  const other = new AbortController();
  const waiting = run(job("wait"), { ...context, signal: other.signal });
  other.abort(stopped);
  assert.equal(await caught(waiting), stopped);
  assert.equal((await run(job("where"), listening().context) as { runs: number }).runs, 3);
});

test("the thread of a run that ignores its abort ends, and other runs go on", () =>
  withFolder(async (folder) => {
    const clock = new ManualClock();
    await using run = act({ threads: 1, terminateAfterMs: 50 }, clock);
    const before = await run(job("where"), context) as { threadId: number };
    const { context: burning, message, abort } = listening();
    const running = run(job("burnWhileThere", folder), burning);
    const next = run(job("where"), context);
    await message;
    abort.abort(stopped);
    clock.advance(49);
    assert.equal(clock.pending, 1);
    clock.advance(1);
    assert.equal(await caught(running), stopped);
    const after = await next as { threadId: number; runs: number };
    assert.notEqual(after.threadId, before.threadId);
    assert.equal(after.runs, 1);
    assert.equal(clock.pending, 0);
  }));

test("a job that is aborted before it began rejects at once and never runs", async () => {
  await using run = act({ threads: 1 });
  const { context: first, message, abort } = listening();
  const running = run(job("abortName"), first);
  const { context: second, abort: secondAbort } = listening();
  const waiting = run(job("where"), second);
  await message;
  secondAbort.abort(stopped);
  assert.equal(await caught(waiting), stopped);
  assert.equal(await caught(run(job("where"), second)), stopped);
  abort.abort(stopped);
  await running;
  assert.equal((await run(job("where"), context) as { runs: number }).runs, 2);
});

test("a job whose thread dies fails, and the next job gets a new one", async () => {
  await using run = act({ threads: 1 });
  const first = await run(job("where"), context) as { threadId: number };
  const exit = await caught(run(job("exit"), context));
  assert(exit instanceof StateError);
  assert.equal(exit.code, "THREAD_DIED");
  assert.match(exit.message, /exited with code 3/);

  const timer = await caught(run(job("timer"), context));
  assert.equal(timer.code, "THREAD_DIED");
  assert.match(timer.message, /from a timer/);
  assert.equal((timer.cause as { code: string }).code, "E_TIMER");
  assert.match((timer.cause as Error).stack ?? "", /act\.ts/);

  const rejection = await caught(run(job("rejection"), context));
  assert.equal(rejection.code, "THREAD_DIED");
  assert.match(rejection.message, /not waited for/);
  assert.equal((rejection.cause as Error).name, "TypeError");

  const last = await run(job("where"), context) as { threadId: number; runs: number };
  assert.equal(last.runs, 1);
  assert.notEqual(last.threadId, first.threadId);
});

test("a module that is missing, broken or without a handler fails its jobs", async () => {
  for (
    const [name, reason] of [
      ["missing.js", /missing\.js/],
      ["broken.ts", /broken from the start/],
      ["no_default.ts", /not a function: got string/],
    ] as const
  ) {
    await using run = isolated(fixture(name), { threads: 1 });
    const failures = await Promise.all([1, 2].map(() => caught(run(job(), context))));
    for (const error of failures) {
      assert(error instanceof ConfigError, name);
      assert.equal(error.code, "INVALID_MODULE");
      assert.match(error.message, reason);
      assert.equal(error.cause !== undefined, name !== "no_default.ts");
    }
  }
});

test("disposal ends running and waiting jobs, and the handler can be used again", () =>
  withFolder(async (folder) => {
    const run = act({ threads: 1 });
    const { context: burning, message } = listening();
    const ends = [run(job("burnWhileThere", folder), burning), run(job("where"), context)].map(
      caught,
    );
    await message;
    await run[Symbol.asyncDispose]();
    for (const error of await Promise.all(ends)) {
      assert(error instanceof StateError);
      assert.equal(error.code, "CLOSED");
    }
    assert.equal((await run(job("where"), context) as { runs: number }).runs, 1);
    await run[Symbol.asyncDispose]();
    await run[Symbol.asyncDispose]();
  }));

test("invalid options are refused when the handler is created", () => {
  const code = "INVALID_URL";
  assert.throws(() => isolated("./render.ts"), { code, message: /import\.meta\.url/ });
  assert.throws(() => isolated("/srv/render.ts"), { code });
  assert.throws(() => isolated("npm:render"), { code });
  assert.throws(() => isolated(undefined as never), { code });
  assert.equal(moduleUrl("file:///srv/render.ts", "node"), "file:///srv/render.ts");
  assert.equal(moduleUrl(new URL("https://host/a.js"), "deno"), "https://host/a.js");
  const unsupported = { code: "UNSUPPORTED_RUNTIME" };
  assert.throws(() => moduleUrl("https://host/a.js", "node"), unsupported);
  for (const threads of [0, 1.5, "2"] as number[]) {
    assert.throws(() => isolated(fixture("act.ts"), { threads }), { code: "INVALID_OPTION" });
  }
  for (const terminateAfterMs of [-1, NaN, "2"] as number[]) {
    assert.throws(() => isolated(fixture("act.ts"), { terminateAfterMs }), {
      code: "INVALID_OPTION",
    });
  }
  assert((isolated(fixture("act.ts")).concurrency) >= 1);
  const edge = { clock: new ManualClock(), workerThreads: undefined };
  assert.throws(() => makeIsolated(fixture("act.ts"), {}, edge), unsupported);
});

test("if no thread can be created, the jobs fail", async () => {
  const workerThreads = {
    Worker: class {
      constructor() {
        throw new Error("no more of them");
      }
    } as never,
    SHARE_ENV: Symbol("SHARE_ENV"),
  };
  const run = makeIsolated(fixture("act.ts"), {}, { clock: new ManualClock(), workerThreads });
  const error = await caught(run(job("where"), context));
  assert.equal(error.code, "THREAD_DIED");
  assert.match(error.message, /no more of them/);
});

test("a missing module is reported when its handler is registered", () => {
  const consumer = new Consumer();
  const missing = isolated(new URL("./no_such_module.ts?v=1", import.meta.url));
  assert.throws(() => consumer.register("x", missing), {
    name: "ConfigError",
    code: "INVALID_MODULE",
    message: /no_such_module\.ts\?v=1 as there is no such file$/,
  });
  assert.throws(() => consumer.register("x", isolated(new URL(".", import.meta.url))), {
    code: "INVALID_MODULE",
  });
  consumer.register("x", isolated(new URL(`${import.meta.url}?v=2#part`)));
});
