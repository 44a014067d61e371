import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred } from "../../src/internal/deferred.ts";
import { CollectionQueue } from "../../src/workflow/collection_queue.ts";

test("one check of a join runs at a time, and one more serves all later callers", async () => {
  const queue = new CollectionQueue();
  const looks = [deferred<void>(), deferred<void>(), deferred<void>()];
  let started = 0;
  const look = () => looks[started++]!.promise;
  const first = queue.run("a", look);
  const later = [queue.run("a", look), queue.run("a", look), queue.run("a", look)];
  assert.equal(started, 1);
  const other = queue.run("b", () => Promise.resolve());
  await other;

  looks[0]!.reject(new Error("lost"));
  await assert.rejects(first, { message: "lost" });
  looks[1]!.resolve();
  await Promise.all(later);
  assert.equal(started, 2);

  looks[2]!.resolve();
  await queue.run("a", look);
  assert.equal(started, 3);
});
