import assert from "node:assert/strict";
import { test } from "node:test";
import { Output } from "../../src/cli/output.ts";
import { ServeLog } from "../../src/cli/commands/serve/serve_log.ts";
import type { Level } from "../../src/cli/timed_log.ts";
import { ManualClock, type ServerEvent } from "../../src/server/mod.ts";

/** Creates a log, and returns its output. */
function setUp(level?: Level | "none", isJson = false) {
  const clock = new ManualClock(0);
  const output = { stdout: "", stderr: "" };
  const to = (name: "stdout" | "stderr") => ({
    write: (text: string) => void (output[name] += text),
    isTerminal: false,
    columns: undefined,
  });
  const io = { stdout: to("stdout"), stderr: to("stderr"), env: {}, clock };
  const log = new ServeLog(new Output(io as never, isJson), io, level);
  return { log, clock, output };
}

const address = "10.0.0.7";
const worker = { address, wid: "worker-1", hostname: "web-1" };
const connected = (connections: number): ServerEvent => (
  { type: "connected", ...worker, connections }
);
const left = (connections: number): ServerEvent => (
  { type: "disconnected", ...worker, connections }
);
const failed = (next: "retry" | "dead" | "dropped"): ServerEvent => ({
  ...{ type: "failed", jid: "jid-jid-1", jobType: "charge", queue: "money", attempt: 3, next },
  ...{ errorType: "Error", message: "no\nanswer" },
});
const TIME = "1970-01-01T00:00:00.000Z";

test("a worker's first connection and its last disconnect are logged", () => {
  const { log, output } = setUp();
  log.open();
  for (const event of [connected(1), connected(2), left(1), left(0), left(0)]) log.write(event);
  assert.deepEqual(output, {
    stdout: `${TIME} Worker worker-1 on web-1 connected: ${address}\n` +
      `${TIME} Worker worker-1 on web-1 disconnected: ${address}\n`,
    stderr: "",
  });
});

test("the server's URL is printed before the log", () => {
  const { log, output } = setUp();
  log.write(connected(1));
  assert.equal(output.stdout, "");
  log.open();
  assert.match(output.stdout, / connected: /);
});

test("debug logs every connection, none logs nothing", () => {
  const { log, output } = setUp("debug");
  log.open();
  const producer = { address, wid: undefined, hostname: "web-1", connections: 1 };
  log.write({ type: "connected", ...producer });
  for (const event of [connected(1), connected(2)]) log.write(event);
  assert.match(output.stdout, /Client connected: .*\n.* connected: .*\n.* \(2 connections\)\n$/);
  const silent = setUp("none");
  silent.log.open();
  silent.log.write(failed("dead"));
  assert.deepEqual(silent.output, { stdout: "", stderr: "" });
});

test("failed jobs are logged with the next step, lost ones as warnings", () => {
  const { log, output } = setUp();
  log.open();
  for (const next of ["retry", "dead", "dropped"] as const) log.write(failed(next));
  const job = "Job charge jid-jid-1 of money failed in attempt 3 and";
  const end = "Error: no answer\n";
  assert.deepEqual(output, {
    stdout: `${TIME} ${job} will be retried: ${end}`,
    stderr: `${TIME} warn: ${job} is dead: ${end}${TIME} warn: ${job} is dropped: ${end}`,
  });
});

test("password guessing does not fill the log", () => {
  const { log, clock, output } = setUp("warn", true);
  log.open();
  const refused: ServerEvent = { type: "refused", address, reason: "password" };
  for (let i = 0; i < 500; i++) log.write(refused);
  log.write({ ...refused, reason: "connections" });
  clock.advance(10_000);
  log.write(refused);
  log.write(refused);
  log.close();
  assert.deepEqual(
    output.stdout.trim().split("\n").map((line) => {
      const { level, event, reason, count } = JSON.parse(line);
      return [level, event, reason, count];
    }),
    [
      ["warn", "refused", "password", 1],
      ["warn", "refused", "connections", 1],
      ["warn", "refused", "password", 499],
      ["warn", "refused", "password", 1],
      ["warn", "refused", "password", 1],
    ],
  );
});
