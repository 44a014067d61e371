import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CommandWriter } from "../../src/connection/command_writer.ts";
import { InvalidArgumentError } from "../../src/errors.ts";
import { type Deferred, deferred } from "../../src/internal/deferred.ts";
import { parameters } from "../properties.ts";

/**
 * Returns a writer and the texts of its writes. `hold` stops writes from ending until the function
 * that it returns is called.
 */
function open(written = () => {}) {
  const writes: string[] = [];
  const failures: unknown[] = [];
  let held: Promise<void> | undefined;
  const stream = new WritableStream<Uint8Array>({
    write(chunk) {
      writes.push(new TextDecoder().decode(chunk));
      return held;
    },
  });
  const failed = (error: unknown) => void failures.push(error);
  const writer = new CommandWriter(stream.getWriter(), { written, failed });
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

/** Runs everything that is ready. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("the commands of one turn, or of one write's time, are one write", async () => {
  const { writes, writer, hold } = open();
  const release = hold();
  for (const payload of ["1", "2"]) writer.add("ACK", payload);
  assert.equal(writer.unsent, 2);
  await turn();
  assert.deepEqual([writer.unsent, writer.isWriting], [0, true]);
  for (const payload of ["3", "4"]) writer.add("ACK", payload);
  await turn();
  assert.deepEqual([writes, writer.unsent], [["ACK 1\r\nACK 2\r\n"], 2]);
  release();
  await turn();
  assert.deepEqual([writes[1], writer.isWriting], ["ACK 3\r\nACK 4\r\n", false]);
});

test("flush does not wait for the end of the turn", async () => {
  const { writes, writer } = open();
  writer.add("PUSH", "1");
  writer.flush();
  assert.deepEqual([writer.unsent, writer.isWriting], [0, true]);
  await turn();
  assert.deepEqual(writes, ["PUSH 1\r\n"]);
});

test("commands can be added at the end of a write", async () => {
  const more = ["3", "4"];
  const { writes, writer, hold } = open(() => {
    const payload = more.shift();
    if (payload !== undefined) writer.add("PUSH", payload);
  });
  const release = hold();
  writer.add("PUSH", "1");
  await turn();
  writer.add("PUSH", "2");
  release();
  await turn();
  assert.deepEqual(writes, ["PUSH 1\r\n", "PUSH 2\r\nPUSH 3\r\n", "PUSH 4\r\n"]);
  assert.equal(writer.isWriting, false);
});

test("a megabyte is written at once, and the memory beyond that is freed", async () => {
  const { writes, writer } = open();
  const large = "x".repeat(3_000_000);
  writer.add("PUSH", large);
  assert.deepEqual([writer.unsent, writer.isWriting], [0, true]);
  writer.add("PUSH", large);
  writer.add("PUSH", large);
  await turn();
  await turn();
  assert.deepEqual(writes.map((text) => text.length), [3_000_007, 6_000_014]);
});

/** A step of the property. `later` runs at the end of the next write. */
type Step =
  | { readonly do: "add" | "flush" | "end a write" | "turn" }
  | { readonly do: "later"; readonly steps: readonly Step[] };

const plainly = (what: "add" | "flush" | "end a write" | "turn", weight: number) => ({
  weight,
  arbitrary: fc.constant({ do: what }),
});

const { steps } = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 30 }),
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    plainly("add", 5),
    plainly("flush", 3),
    plainly("end a write", 4),
    plainly("turn", 2),
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("later" as const),
        steps: fc.array(tie("step"), { maxLength: 5 }),
      }),
    },
  ),
}));

test("each command is written once and in order, and nothing changes its bytes", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      let added = "";
      let written = "";
      const later: (readonly Step[])[] = [];
      const ends: Deferred<void>[] = [];
      const stream = {
        // Like a socket: reads the bytes at any time until the write has ended.
        async write(chunk: Uint8Array) {
          const before = new TextDecoder().decode(chunk);
          const end = deferred<void>();
          ends.push(end);
          assert.equal(ends.length, 1, "a write began before the last had ended");
          await end.promise;
          assert.equal(new TextDecoder().decode(chunk), before, "bytes changed under a write");
          written += before;
        },
      } as WritableStreamDefaultWriter<Uint8Array>;
      const failures: unknown[] = [];
      const writer = new CommandWriter(stream, {
        written() {
          for (const steps of later.splice(0)) void take(steps);
        },
        failed: (error) => failures.push(error),
      });
      async function take(steps: readonly Step[]): Promise<void> {
        for (const step of steps) {
          if (step.do === "add") {
            // Each payload is longer than the one before, so no two commands have the same bytes.
            const payload = `${added.length}`;
            added += `ACK ${payload}\r\n`;
            writer.add("ACK", payload);
          } else if (step.do === "flush") {
            writer.flush();
          } else if (step.do === "later") {
            later.push(step.steps);
          } else if (step.do === "end a write") {
            ends.shift()?.resolve();
          } else {
            await turn();
          }
        }
      }
      await take(steps);
      await turn();
      while (ends.length > 0) {
        ends.shift()!.resolve();
        await turn();
      }
      assert.deepEqual(failures, []);
      assert.equal(written, added);
      assert.deepEqual([writer.unsent, writer.isWriting], [0, false]);
    }),
    parameters("writes of commands", 300),
  );
});

test("nothing is written after close", async () => {
  const { writes, writer } = open();
  writer.add("ACK", "1");
  writer.close();
  writer.flush();
  await turn();
  assert.deepEqual(writes, []);
});

test("an invalid command is refused, and no part of it is written", async () => {
  const { writes, writer } = open();
  assert.throws(() => writer.add("PUSH", "1\nFLUSH"), InvalidArgumentError);
  assert.equal(writer.unsent, 0);
  writer.add("PUSH", "2");
  await turn();
  assert.deepEqual(writes, ["PUSH 2\r\n"]);
});

test("a write that fails is reported", async () => {
  const failures: unknown[] = [];
  const broken = new Error("broken");
  const stream = new WritableStream<Uint8Array>({ write: () => Promise.reject(broken) });
  const writer = new CommandWriter(stream.getWriter(), {
    written() {},
    failed: (error) => failures.push(error),
  });
  writer.add("PUSH", "1");
  await turn();
  assert.deepEqual([failures, writer.isWriting], [[broken], false]);
});
