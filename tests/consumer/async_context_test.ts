import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { Consumer } from "../../mod.ts";
import { start } from "./setting.ts";

test("each handler call has the async context of run(), not that of the call before", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const kept: (string | undefined)[] = [];
  for (const concurrency of [1, 10]) {
    const consumer = new Consumer({ url: server.url, concurrency });
    consumer.use(async (_job, _context, next) => {
      seen.push(storage.getStore());
      storage.enterWith("middleware");
      await next();
    });
    consumer.register("x", async ({ jid }) => {
      storage.enterWith(jid);
      await undefined;
      kept.push(storage.getStore());
      if (kept.length % 3 === 0) throw new Error("now and then");
    });
    const { enqueued } = await producer.enqueueMany(
      Array.from({ length: 20 }, () => ({ type: "x", retry: 0 })),
    );
    await storage.run("run", () => consumer.runToCompletion());
    assert.deepEqual(seen.splice(0), enqueued.map(() => "run"));
    assert.deepEqual(kept.splice(0).sort(), [...enqueued].sort());
  }
});
