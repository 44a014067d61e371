import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionStatus, type Outage, type Recovery } from "../../src/connection/status.ts";
import { AuthenticationError } from "../../src/errors.ts";
import { ManualClock } from "../../src/internal/clock.ts";

function setting(count: number) {
  const clock = new ManualClock();
  const outages: Outage[] = [];
  const recoveries: Recovery[] = [];
  const refusals: string[] = [];
  const status = new ConnectionStatus(clock, {
    disconnected: (outage) => outages.push(outage),
    reconnected: (recovery) => recoveries.push(recovery),
    refused: ({ code }) => refusals.push(code),
  });
  const connections = Array.from({ length: count }, () => status.connection());
  return { clock, outages, recoveries, refusals, connections };
}

const gone = new Error("gone");

test("an outage of eight connections with many attempts is one event, and so is its end", () => {
  const { clock, outages, recoveries, connections } = setting(8);
  for (const connection of connections) connection.disconnected(gone, 100);
  assert.deepEqual(outages, []);
  clock.advance(10);
  assert.deepEqual(outages, [{ error: gone, connections: 8, retryInMs: 100 }]);
  for (let tries = 0; tries < 5; tries++) {
    clock.advance(1000);
    for (const connection of connections) connection.disconnected(new Error("refused"), 200);
  }
  for (const [i, connection] of connections.entries()) connection.reconnected(i);
  assert.equal(outages.length, 1);
  assert.deepEqual(recoveries, [{ connections: 8, attempts: 7, outageMs: 5010 }]);
  connections[3]!.disconnected(gone, 100);
  connections[3]!.reconnected(0);
  assert.deepEqual(outages[1], { error: gone, connections: 1, retryInMs: 100 });
  assert.deepEqual(recoveries[1], { connections: 1, attempts: 0, outageMs: 0 });
  assert.equal(clock.pending, 0);
});

test("connections that are lost later belong to the same outage", () => {
  const { clock, outages, recoveries, connections: [one, two] } = setting(2);
  one!.disconnected(gone, 100);
  clock.advance(500);
  two!.disconnected(gone, 100);
  one!.reconnected(1);
  clock.advance(500);
  assert.deepEqual(recoveries, []);
  two!.reconnected(2);
  assert.deepEqual(outages.map(({ connections }) => connections), [1]);
  assert.deepEqual(recoveries, [{ connections: 2, attempts: 2, outageMs: 1000 }]);
});

test("an end without another attempt is an event at once, and close ends silently", () => {
  const { clock, outages, recoveries, connections: [one, two] } = setting(2);
  one!.disconnected(gone, undefined);
  assert.deepEqual(outages, [{ error: gone, connections: 1, retryInMs: undefined }]);
  one!.closed!();
  two!.disconnected(gone, 100);
  two!.closed!();
  clock.advance(100);
  assert.equal(outages.length, 1);
  assert.deepEqual(recoveries, []);
  assert.equal(clock.pending, 0);
});

test("the end of all attempts is one more event in each outage", () => {
  const { clock, outages, recoveries, connections: [one, two] } = setting(2);
  const refused = new Error("refused");
  for (const connection of [one!, two!]) connection.disconnected(gone, 100);
  clock.advance(10);
  for (let i = 0; i < 2; i++) {
    one!.disconnected(refused, undefined);
    if (i === 0) assert.equal(outages.length, 1);
    two!.disconnected(refused, undefined);
    assert.deepEqual(outages.at(-1), { error: refused, connections: 2, retryInMs: undefined });
    assert.equal(outages.length, 2);
    for (const connection of [one!, two!]) connection.disconnected(refused, 100);
    if (i === 0) continue;
    for (const connection of [one!, two!]) connection.reconnected(3);
  }
  assert.equal(recoveries.length, 1);
});

test("a refused password is one event in each outage", () => {
  const { refusals, connections: [one, two] } = setting(2);
  const refused = new AuthenticationError("PASSWORD_REFUSED", "no");
  for (let outages = 1; outages <= 2; outages++) {
    for (const connection of [one!, two!, one!]) {
      connection.disconnected(gone, 100);
      connection.disconnected(refused, 100);
    }
    for (const connection of [one!, two!]) connection.reconnected(2);
    assert.equal(refusals.length, outages);
  }
});
