import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, isolated, JobAbortedError, type Logger, Producer } from "../../mod.ts";
import { type Clock, systemClock } from "../../src/internal/clock.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { nodeTransport } from "../../src/transport/node.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { withFolder } from "../server/data.ts";
import { startQuick } from "../server/quick.ts";

const module = new URL("../fixtures/isolated/act.ts", import.meta.url);

/** A logger that keeps the entries of handlers, and a promise for the next one. */
function listener() {
  const entries: [message: string, fields: unknown][] = [];
  let hear = () => {};
  const message = new Promise<void>((resolve) => hear = resolve);
  const log = (message: string, fields: object = {}) => {
    // Entries of the consumer itself have its id.
    if ("wid" in fields) return;
    entries.push([message, fields]);
    hear();
  };
  const logger: Logger = { trace: log, debug: log, info: log, warn: log, error: log };
  return { logger, entries, message };
}

/** Calls `heard` when a BEAT is sent. */
function watched(heard: () => void): Transport {
  return {
    name: "watched",
    async connect(...args) {
      const connection = await nodeTransport.connect(...args);
      const writer = connection.writable.getWriter();
      const writable = new WritableStream<Uint8Array>({
        write(chunk) {
          if (new TextDecoder().decode(chunk).includes("BEAT {")) heard();
          return writer.write(chunk);
        },
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      });
      return { ...connection, closed: connection.closed, writable, readable: connection.readable };
    },
  };
}

/**
 * Cuts long waits to a tenth, so that heartbeats are 1.5 s apart. The lateness of timers is real.
 */
const hurried: Clock = {
  now: () => systemClock.now(),
  after: (ms, callback) => systemClock.after(ms >= 15_000 ? ms / 10 : ms, callback),
};

test("jobs from the server run in threads, and their failures are reported", async () => {
  const clock = new ManualClock(Date.now());
  await using server = await FaktoryServer.start({ port: 0, clock });
  await using producer = await Producer.connect({ url: server.url });
  await using handler = isolated(module, { threads: 2 });
  const { logger, entries } = listener();
  const consumer = new Consumer({ url: server.url, logger });
  consumer.register("act", handler);
  const jid = await producer.enqueue("act", ["again"], { backtrace: 1, retry: 3 });
  assert.equal(await consumer.runOne(), true);
  assert.equal(server.snapshot().retries, 1);
  clock.advance(3_600_000);
  assert.equal(await consumer.runOne(), true);
  const fields = { jid, type: "act", queue: "default", attempt: 2 };
  assert.deepEqual(entries, [["again", {
    ...fields,
    failedWith: ["RangeError", "the first time", 1],
  }]]);
  await producer.enqueue("act", ["discard"]);
  assert.equal(await consumer.runOne(), true);
  const { retries, dead, working, processed } = server.snapshot();
  assert.deepEqual({ retries, dead, working, processed }, {
    retries: 0,
    dead: 0,
    working: 0,
    processed: 3,
  });
});

test("a stop ends a job in a busy loop, which fails and is retried", () =>
  withFolder(async (folder) => {
    await using server = await startQuick();
    await using producer = await Producer.connect({ url: server.url });
    await using handler = isolated(module, { threads: 1, terminateAfterMs: 1 });
    const { logger, message } = listener();
    const consumer = new Consumer({ url: server.url, concurrency: 1, logger });
    consumer.register("act", handler);
    const failures: unknown[] = [];
    consumer.on("fail", ({ error }) => failures.push(error));
    await producer.enqueue("act", ["burnWhileThere", folder]);
    const running = consumer.run();
    await message;
    await consumer.stop({ graceMs: 1 });
    assert.equal((await running).failed, 1);
    const [error] = failures;
    assert(error instanceof JobAbortedError);
    assert.equal(error.code, "STOPPED");
    const { retries, working } = server.snapshot();
    assert.deepEqual({ retries, working }, { retries: 1, working: 0 });
  }));

test("heartbeats stay on time during a job that blocks for five seconds", async () => {
  await using server = await startQuick();
  await using producer = await Producer.connect({ url: server.url });
  await using handler = isolated(module, { threads: 1 });
  const times: number[] = [];
  const consumer = new Consumer({
    url: server.url,
    concurrency: 1,
    clock: hurried,
    commandTimeoutMs: 120_000,
    transport: watched(() => times.push(performance.now())),
  });
  consumer.register("act", handler);
  const lags: number[] = [];
  consumer.on("lag", ({ lagMs }) => lags.push(lagMs));
  await producer.enqueue("act", ["burn", 5000]);
  times.push(performance.now());
  assert.equal(await consumer.runOne(), true);
  times.push(performance.now());
  const gaps = times.slice(1).map((at, i) => Math.round(at - (times[i] ?? 0)));
  // The first and the last gap are not between BEATs.
  assert(gaps.length >= 4, `${gaps}`);
  // If the job blocked this thread, a BEAT would be late by five seconds. A busy machine may cause
  // less.
  assert(gaps.every((ms) => ms < 4000), `${gaps}`);
  assert.deepEqual(lags.filter((ms) => ms >= 4000), []);
  assert.equal(server.snapshot().processed, 1);
});
