import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { queueLatency } from "../../src/protocol/commands/server.ts";
import { parseServerInfo } from "../../src/protocol/server_info.ts";

/** The reply of Faktory 1.8.0, shortened: only the tasks have the sizes of the sets. */
const OLD = {
  faktory: {
    queues: { default: 1 },
    tasks: {
      Busy: { reaped: 0, size: 4 },
      Dead: { cycles: 0, enqueued: 0, size: 3, wall_time_sec: 0 },
      Retries: { cycles: 1, enqueued: 0, size: 2, wall_time_sec: 0 },
      Scheduled: { cycles: 1, enqueued: 0, size: 1, wall_time_sec: 0 },
      Workers: { reaped: 0, size: 9 },
    },
    total_enqueued: 1,
  },
  server: { description: "Faktory", faktory_version: "1.8.0" },
};

test("reads the sizes of the sets of old servers too", () => {
  const sizes = { scheduled: 1, retries: 2, dead: 3, working: 4 };
  assert.deepEqual(parseServerInfo(OLD).sets, sizes);
  const sets = { scheduled: 5, retries: 6, dead: 7, working: 8 };
  const both = { ...OLD, faktory: { ...OLD.faktory, sets } };
  assert.deepEqual(parseServerInfo(both).sets, sets);
  const zeros = { scheduled: 0, retries: 0, dead: 0, working: 0 };
  const empty = { ...OLD, faktory: { ...OLD.faktory, sets: zeros } };
  assert.deepEqual(parseServerInfo(empty).sets, zeros);
  for (const tasks of [undefined, null, [], { Dead: 3, Busy: null, Retries: { size: "2" } }]) {
    const odd = { ...OLD, faktory: { ...OLD.faktory, tasks } };
    assert.deepEqual(parseServerInfo(odd).sets, zeros);
  }
});

test("reports a server that is too old for QUEUE LATENCY", () => {
  assert.throws(() => queueLatency(["default"]).parse({ kind: "status", text: "OK" }), (error) => {
    assert(error instanceof ProtocolError);
    assert.equal(error.code, "UNSUPPORTED_COMMAND");
    assert.match(error.message, /needs Faktory 1\.9\.2 or later$/);
    return true;
  });
});
