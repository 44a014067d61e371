import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import {
  ConfigError,
  Consumer,
  type ConsumerEvents,
  type ConsumerOptions,
  Discard,
  fieldsFirst,
  Job,
  type LogFields,
  Snooze,
} from "../../mod.ts";
import { Emitter } from "../../src/events.ts";
import { logEvents } from "../../src/consumer/log_events.ts";
import { LOG_LEVELS, scopedLogger } from "../../src/consumer/logger.ts";
import { start } from "./setting.ts";

type Line = [level: string, message: string, fields: LogFields | undefined];

/** A logger that keeps its entries, with a method for each of these levels. */
function keeping(levels: readonly string[] = LOG_LEVELS) {
  const lines: Line[] = [];
  const logger = Object.fromEntries(levels.map((level) => [
    level,
    (message: string, fields?: LogFields) => void lines.push([level, message, fields]),
  ]));
  return { lines, logger: logger as unknown as NonNullable<ConsumerOptions["logger"]> };
}

const job = new Job("x", ["secret"], { jid: "the-job-1" });
const about = { wid: "worker-1", jid: "the-job-1", type: "x", queue: "default", attempt: 1 };
const error = Object.assign(new RangeError("too far"), { code: "E_FAR" });
const wrong = { name: "RangeError", code: "E_FAR", message: "too far", stack: error.stack };

const caused = new Error("m", { cause: error });

/** Possible events with their log entries. */
const cases: {
  readonly [Name in keyof ConsumerEvents]: [ConsumerEvents[Name], string, LogFields];
} = {
  start: [{ job }, "debug", about],
  done: [{ job, elapsedMs: 3 }, "debug", { ...about, elapsedMs: 3 }],
  fail: [
    {
      ...{ job, error, elapsedMs: 3, attempt: 1 },
      ...{ willRetry: true, retryAt: new Date(0), next: "retry" },
    },
    "warn",
    {
      ...{ ...about, elapsedMs: 3, next: "retry", retryAt: "1970-01-01T00:00:00.000Z" },
      error: wrong,
    },
  ],
  dead: [
    { job, error: caused, elapsedMs: 3, attempt: 1, deadLetter: "failed" },
    "error",
    {
      ...{ ...about, deadLetter: "failed" },
      error: { name: "Error", message: "m", stack: caused.stack, cause: wrong },
    },
  ],
  dropped: [{ job, error, elapsedMs: 3, attempt: 1 }, "error", { ...about, error: wrong }],
  discard: [{ job, outcome: new Discard("no use"), elapsedMs: 3 }, "info", {
    ...{ ...about, elapsedMs: 3, reason: "no use" },
  }],
  snooze: [{ job, outcome: new Snooze(5, "later"), elapsedMs: 3 }, "info", {
    ...{ ...about, elapsedMs: 3, seconds: 5, reason: "later" },
  }],
  requeued: [{ job, reason: "limit" }, "debug", { ...about, reason: "limit" }],
  unreported: [{ job, error }, "error", { ...about, error: wrong }],
  expired: [{ job }, "warn", about],
  fetchError: [{ error: 7 }, "error", { wid: "worker-1", error: { message: "7" } }],
  state: [{ state: "quiet" }, "info", { wid: "worker-1", state: "quiet" }],
  disconnect: [{ error, connections: 8, retryInMs: 5 }, "warn", {
    ...{ wid: "worker-1", error: wrong, connections: 8, retryInMs: 5 },
  }],
  outage: [{ error, outageMs: 60_000 }, "warn", {
    ...{ wid: "worker-1", outageMs: 60_000, error: wrong },
  }],
  reconnect: [{ attempts: 2, connections: 8, outageMs: 35_000 }, "info", {
    ...{ wid: "worker-1", attempts: 2, connections: 8, outageMs: 35_000 },
  }],
  lag: [{ lagMs: 400 }, "warn", { wid: "worker-1", lagMs: 400 }],
  clock: [{ setBackMs: 400 }, "warn", { wid: "worker-1", setBackMs: 400 }],
  warning: [{ code: "ENTERPRISE_ONLY", message: "m" }, "warn", {
    ...{ wid: "worker-1", code: "ENTERPRISE_ONLY", message: "m" },
  }],
  listenerError: [{ event: "done", error }, "error", {
    ...{ wid: "worker-1", event: "done", error: wrong },
  }],
};

test("each event has a message, fields and a level, and no argument of a job", () => {
  const { lines, logger } = keeping();
  const events = new Emitter<ConsumerEvents>();
  logEvents(events, { logger, level: "trace", wid: "worker-1" });
  for (const [name, [detail]] of Object.entries(cases)) {
    events.emit(name as keyof ConsumerEvents, detail as never);
  }
  assert.deepEqual(
    lines.map(([level, , fields]) => [level, fields]),
    Object.values(cases).map(([, level, fields]) => [level, fields]),
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});

test("events below the level have no listener", () => {
  const events = new Emitter<ConsumerEvents>();
  logEvents(events, { logger: keeping().logger, level: "info", wid: "w" });
  assert.deepEqual([events.has("start"), events.has("done"), events.has("fail")], [
    ...[false, false, true],
  ]);
});

test("a consumer logs its events, and each job at the level debug", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const run = async (options: ConsumerOptions) => {
    await producer.enqueue("x");
    const consumer = new Consumer({ url: server.url, ...options });
    consumer.register("x", (_job, { log }) => log.trace("from the handler"));
    await consumer.run({ maxJobs: 1 });
  };
  // Like `@std/log` and winston, which have no trace: those entries use debug.
  const { lines, logger } = keeping(["debug", "info", "warn", "error"]);
  await run({ logger });
  const states = lines.filter(([, , fields]) => fields?.["state"] !== undefined);
  assert.deepEqual(states.map(([level, , fields]) => [level, fields?.["state"]]), [
    ...[["info", "running"], ["info", "stopping"], ["info", "stopped"]],
  ]);
  const others = lines.filter((line) => !states.includes(line));
  assert.deepEqual(others.map(([level, message]) => [level, message]), [
    ...[["debug", "from the handler"]],
  ]);
  lines.length = 0;
  await run({ logger, logLevel: "debug" });
  assert.deepEqual(
    lines.filter(([level]) => level === "debug").map(([, message]) => message),
    ["job started", "from the handler", "job done"],
  );
  lines.length = 0;
  await run({ logger, logLevel: "none" });
  assert.deepEqual(lines.map(([, message]) => message), ["from the handler"]);
});

test("fieldsFirst suits pino, which takes the fields first", async () => {
  await using setting = await start();
  const written: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void written.push(JSON.parse(line)) };
  const logger = fieldsFirst(pino({ level: "trace", base: null }, stream));
  const consumer = new Consumer({ url: setting.server.url, logger, logLevel: "debug" });
  consumer.register("x", (_job, { log }) => {
    log.info("half way", { percent: 50 });
    log.trace("alone");
    throw new Error("no");
  });
  const jid = await setting.producer.enqueue("x");
  await consumer.run({ maxJobs: 1 });
  const find = (msg: string) => written.find((line) => line["msg"] === msg);
  const { time: _time, ...half } = find("half way")!;
  assert.deepEqual(half, {
    ...{ level: 30, msg: "half way", jid, type: "x", queue: "default", attempt: 1, percent: 50 },
  });
  assert.equal((find("job failed")!["error"] as { message: string }).message, "no");
  assert.equal(find("job failed")!["level"], 40);
  assert.equal(find("alone")!["level"], 10);
});

test("console is a logger, and a logger that throws or rejects does no harm", () => {
  assert.ok(new Consumer({ logger: console }).wid);
  const broken = {
    debug: () => Promise.reject(new Error("no")),
    info() {
      throw new Error("no");
    },
    warn: () => {},
    error: () => {},
  };
  const write = scopedLogger(broken, {});
  for (const level of LOG_LEVELS) assert.doesNotThrow(() => write[level]("x", {}));
});

test("an invalid logger or level is refused", () => {
  const { logger } = keeping(["debug", "info", "warn"]);
  for (const bad of [logger, null, 1, () => {}]) {
    assert.throws(() => new Consumer({ logger: bad as never }), ConfigError);
  }
  assert.throws(() => new Consumer({ logLevel: "loud" as never }), ConfigError);
});
