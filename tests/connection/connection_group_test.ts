import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionGroup } from "../../src/connection/connection_group.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { ReconnectingConnection } from "../../src/connection/reconnecting_connection.ts";
import { ManualClock } from "../../src/internal/clock.ts";

test("keeps its last connection if others were lost since it looked for idle ones", async () => {
  const clock = new ManualClock();
  const nothing = () => Promise.resolve();
  const idle = { connected: true, open: nothing, drained: nothing, end: nothing };
  const make = () => ({ ...idle }) as unknown as ReconnectingConnection;
  const grown = deferred();
  const group = new ConnectionGroup({ make, min: 1, max: 2, clock, grown: grown.resolve });
  assert(group.grow());
  await grown.promise;
  const [first, second] = group.all;
  for (const one of group.all) group.use(one);
  clock.advance(5000);
  group.remove(first!);
  clock.advance(5000);
  assert.deepEqual(group.all, [second]);
});
