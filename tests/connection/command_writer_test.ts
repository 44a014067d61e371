import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandWriter } from "../../src/connection/command_writer.ts";
import { InvalidArgumentError } from "../../src/errors.ts";
import { deferred } from "../../src/internal/deferred.ts";

/** A writer whose writes are kept as texts; after `hold` none ends before what it gives is called. */
function open() {
  const writes: string[] = [];
  const failures: unknown[] = [];
  let held: Promise<void> | undefined;
  const stream = new WritableStream<Uint8Array>({
    write(chunk) {
      writes.push(new TextDecoder().decode(chunk));
      return held;
    },
  });
  const writer = new CommandWriter(stream.getWriter(), (error) => failures.push(error));
  const hold = () => {
    const { promise, resolve } = deferred();
    held = promise;
    return () => {
      held = undefined;
      resolve();
    };
  };
  return { writes, failures, writer, hold };
}

/** Lets all that is ready happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("what is added in one turn, and while a write is under way, is one write each", async () => {
  const { writes, writer, hold } = open();
  const release = hold();
  for (const payload of ["1", "2"]) writer.add("ACK", payload);
  assert.equal(writer.unsent, 2);
  await turn();
  assert.deepEqual([writer.unsent, writer.writing], [0, true]);
  for (const payload of ["3", "4"]) writer.add("ACK", payload);
  await turn();
  assert.deepEqual([writes, writer.unsent], [["ACK 1\r\nACK 2\r\n"], 2]);
  release();
  await turn();
  assert.deepEqual([writes[1], writer.writing], ["ACK 3\r\nACK 4\r\n", false]);
});

test("flush does not wait for the end of the turn", async () => {
  const { writes, writer } = open();
  writer.add("PUSH", "1");
  writer.flush();
  assert.deepEqual([writer.unsent, writer.writing], [0, true]);
  await turn();
  assert.deepEqual(writes, ["PUSH 1\r\n"]);
});

test("who waits for the end of a write may add to the next", async () => {
  const { writes, writer, hold } = open();
  const release = hold();
  writer.add("PUSH", "1");
  await turn();
  writer.add("PUSH", "2");
  writer.onceWritable(() => writer.add("PUSH", "3"));
  release();
  await turn();
  assert.deepEqual(writes, ["PUSH 1\r\n", "PUSH 2\r\nPUSH 3\r\n"]);
});

test("nothing is written once it is closed", async () => {
  const { writes, writer } = open();
  writer.add("ACK", "1");
  writer.close();
  writer.flush();
  await turn();
  assert.deepEqual(writes, []);
});

test("what is no line is refused, and takes no part in a write", async () => {
  const { writes, writer } = open();
  assert.throws(() => writer.add("PUSH", "1\nFLUSH"), InvalidArgumentError);
  assert.equal(writer.unsent, 0);
  writer.add("PUSH", "2");
  await turn();
  assert.deepEqual(writes, ["PUSH 2\r\n"]);
});

test("a write that fails is told", async () => {
  const failures: unknown[] = [];
  const broken = new Error("broken");
  const stream = new WritableStream<Uint8Array>({ write: () => Promise.reject(broken) });
  const writer = new CommandWriter(stream.getWriter(), (error) => failures.push(error));
  writer.add("PUSH", "1");
  await turn();
  assert.deepEqual([failures, writer.writing], [[broken], false]);
});
