import assert from "node:assert/strict";
import { test } from "node:test";
import { observeServer } from "../../src/telemetry/mod.ts";
import { start } from "./setting.ts";

test("a server is observed each time metrics are collected, until it is disposed", async () => {
  await using setting = await start();
  const { meterProvider } = setting;
  await using producer = await setting.producer();
  await producer.enqueue("x", [], { queue: "images" });
  await producer.enqueue("x", [], { at: new Date(Date.now() + 60_000) });
  const metrics = observeServer(producer, { meterProvider });
  const values = async (name: string) =>
    (await setting.points(name)).points.map(({ attributes, value }) => [attributes, value]);
  assert.deepEqual(await values("faktory.queue.jobs"), [[{ "faktory.queue.name": "images" }, 1]]);
  assert.deepEqual((await values("faktory.set.jobs"))[0], [{ "faktory.set.name": "scheduled" }, 1]);
  assert.deepEqual(await values("faktory.server.connections"), [[{}, 1]]);
  assert.deepEqual(await values("faktory.server.processed"), [[{}, 0]]);
  const { unit, points: [point] } = await setting.points("faktory.queue.latency");
  assert.equal(unit, "s");
  assert(point!.value as number >= 0);
  await producer.enqueue("x", [], { queue: "images" });
  assert.equal((await values("faktory.queue.jobs"))[0]![1], 2);
  metrics[Symbol.dispose]();
  await producer.enqueue("x", [], { queue: "images" });
  // The SDK may repeat the last value.
  assert.notEqual((await values("faktory.queue.jobs"))[0]?.[1], 3);
});
