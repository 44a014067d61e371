import assert from "node:assert/strict";
import { test } from "node:test";
import { scripted } from "./setting.ts";

test("a batch is committed after all its jobs, even those that were not awaited", async () => {
  const { peer, producer } = await scripted();
  const opening = producer.batches.open({ success: { type: "done" } }, (batch) => {
    void batch.enqueue("one");
    void batch.enqueueMany([{ type: "two" }, { type: "three" }]);
  });
  await peer.received(1);
  peer.say("$3\r\nb-1\r\n");
  await peer.received(2);
  // The server has not replied yet: nothing more is sent.
  await new Promise((resolve) => setImmediate(resolve));
  const pushed = peer.lines.slice(1);
  assert(pushed.every((line) => line.startsWith("PUSH")), `${pushed}`);
  for (let i = 1; i < 10 && !peer.lines.at(-1)!.startsWith("BATCH"); i++) {
    if (peer.lines.length > i) peer.say(replyTo(peer.lines[i]!));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(peer.lines.at(-1), "BATCH COMMIT b-1");
  peer.say("+OK\r\n");
  assert.equal(await opening, "b-1");
});

function replyTo(line: string): string {
  return line.startsWith("PUSHB") ? "$2\r\n{}\r\n" : "+OK\r\n";
}
