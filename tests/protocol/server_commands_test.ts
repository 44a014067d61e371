import assert from "node:assert/strict";
import { it } from "node:test";
import { ProtocolError, UnknownWorkerError } from "../../src/errors.ts";
import { batchCommit, batchNew, trackSet } from "../../src/protocol/commands/enterprise.ts";
import {
  beat,
  changeQueues,
  info,
  mutate,
  queueLatency,
} from "../../src/protocol/commands/server.ts";
import type { Reply } from "../../src/protocol/reply.ts";

const status = (text: string): Reply => ({ kind: "status", text });
const bulk = (text: string): Reply => ({ kind: "bulk", text });

it("parses the reply to BEAT as a status or a bulk", () => {
  const command = beat({ wid: "w", rssKb: 12 });
  assert.deepEqual(JSON.parse(command.payload), { wid: "w", rss_kb: 12 });
  assert.equal(command.parse(status("OK")), "running");
  assert.equal(command.parse(bulk('{"state":"quiet"}')), "quiet");
  assert.equal(command.parse(status('{"state":"terminate"}')), "terminate");
  assert.throws(() => command.parse(bulk('{"state":"odd"}')), ProtocolError);
  assert.throws(
    () => command.parse({ kind: "error", text: "ERR unknown worker w" }),
    UnknownWorkerError,
  );
});

it("names queues", () => {
  assert.equal(changeQueues("PAUSE", ["a", "b"]).payload, "PAUSE a b");
  const latency = queueLatency(["a"]);
  assert.equal(latency.payload, "LATENCY a");
  assert.deepEqual(latency.parse(bulk('{"a":1.5}')), new Map([["a", 1.5]]));
});

it("sends MUTATE without spaces, with any filter", () => {
  const { payload } = mutate("kill", "retries", { jobtype: "send mail" });
  assert.ok(!payload.includes(" "));
  assert.deepEqual(JSON.parse(payload), {
    cmd: "kill",
    target: "retries",
    filter: { jobtype: "send mail" },
  });
  assert.deepEqual(JSON.parse(mutate("clear", "dead").payload), { cmd: "clear", target: "dead" });
});

it("parses INFO and refuses a reply that is not an object", () => {
  assert.deepEqual(info().parse(bulk('{"now":"x"}')), { now: "x" });
  assert.throws(() => info().parse(bulk("{")), ProtocolError);
});

it("encodes batches and progress", () => {
  const made = batchNew({ success: { type: "done", jid: "12345678" } });
  assert.ok(made.payload.startsWith("NEW {"));
  assert.equal(JSON.parse(made.payload.slice(4)).success.jobtype, "done");
  assert.equal(made.parse(bulk("b-1")), "b-1");
  assert.equal(batchCommit("b-1").payload, "COMMIT b-1");
  const until = new Date("2030-01-01T00:00:00Z");
  assert.deepEqual(
    JSON.parse(trackSet({ jid: "j", percent: 5, reserveUntil: until }).payload.slice(4)),
    { jid: "j", percent: 5, reserve_until: "2030-01-01T00:00:00.000Z" },
  );
});
