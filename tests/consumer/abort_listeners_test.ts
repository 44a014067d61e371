import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { startQuick } from "../server/quick.ts";

/** Calls `run`, and resolves to the maximum number of listeners on one signal. */
async function mostListeners(run: () => Promise<void>): Promise<number> {
  const { prototype } = AbortSignal;
  const { addEventListener, removeEventListener } = prototype;
  const counts = new Map<AbortSignal, number>();
  const count = (signal: AbortSignal, by: number) =>
    counts.set(signal, (counts.get(signal) ?? 0) + by).get(signal)!;
  let most = 0;
  prototype.addEventListener = function (this: AbortSignal, ...args: [string, EventListener]) {
    most = Math.max(most, count(this, 1));
    addEventListener.apply(this, args);
  };
  prototype.removeEventListener = function (this: AbortSignal, ...args: [string, EventListener]) {
    count(this, -1);
    removeEventListener.apply(this, args);
  };
  try {
    await run();
  } finally {
    Object.assign(prototype, { addEventListener, removeEventListener });
  }
  return most;
}

test("users of a signal share one listener, as Node warns of a leak from the 11th", async () => {
  const server = await startQuick();
  const { url } = server;
  const stop = new AbortController();
  const { signal } = stop;
  const most = await mostListeners(async () => {
    await using producer = await Producer.connect({ url, connections: 8 });
    const types = Array.from({ length: 20 }, (_, i) => `type-${i}`);
    await Promise.all(types.map((type) => producer.enqueue(type, [], { signal })));
    await Promise.all(types.map((type) => producer.enqueueMany([{ type }], { signal })));
    const consumers = types.map((type) =>
      new Consumer({ url, concurrency: 100, connections: 20, signal }).register(type, () => {})
    );
    const running = consumers.map((consumer) => consumer.run());
    while (consumers.some(({ state }) => state !== "running")) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(consumers.map((consumer) => consumer.stop({ graceMs: 0 })));
    await Promise.all(running);
  });
  await server.close();
  assert.equal(most, 1);
});
