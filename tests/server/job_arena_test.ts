import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JobArena } from "../../src/server/job_arena.ts";
import { LargeJob, type Payload, RawJson } from "../../src/server/payload.ts";

test("jobs are added and removed in any order, each with its own row", () => {
  const action = fc.record({
    isAdd: fc.boolean(),
    which: fc.nat(),
    size: fc.oneof(fc.nat(300), fc.nat(300), fc.nat(60_000)),
    kind: fc.constantFrom("a", "é", "\u{1F600}", "large"),
  });
  fc.assert(
    fc.property(fc.array(action, { minLength: 500, maxLength: 2000 }), (actions) => {
      const arena = new JobArena();
      const model = new Map<number, { payload: Payload; at: number }>();
      for (const [i, { isAdd, which, size, kind }] of actions.entries()) {
        if (isAdd || model.size === 0) {
          const payload = kind === "large"
            ? new LargeJob("{", new RawJson(new Uint8Array(size), `${i}`), "}")
            : `${i} ${kind.repeat(size)}`;
          const row = arena.add(payload, i);
          assert(!model.has(row) && row > 0);
          model.set(row, { payload, at: i });
        } else {
          const row = [...model.keys()][which % model.size]!;
          assert(arena.has(row));
          arena.free(row);
          model.delete(row);
          assert(!arena.has(row));
        }
      }
      for (const [row, { payload, at }] of model) {
        assert.equal(arena.read(row), payload);
        assert.equal(arena.at(row), at);
      }
    }),
    { seed: 1, numRuns: 20 },
  );
});

test("the memory of removed jobs is reused", () => {
  const arena = new JobArena();
  const text = (row: number) => `${row} ${"x".repeat(1000)}`;
  const rows: number[] = [];
  const texts = new Map<number, string>();
  const add = (i: number) => {
    const row = arena.add(text(i), i);
    rows.push(row);
    texts.set(row, text(i));
  };
  for (let i = 0; i < 40_000; i++) add(i);
  // Removes two of three, evenly, so that no chunk is empty.
  for (const [i, row] of rows.entries()) {
    if (i % 3 === 0) continue;
    arena.free(row);
    texts.delete(row);
  }
  assert(!arena.isSparse);
  for (let i = 0; i < 20_000; i++) add(i);
  for (const [row, text] of texts) assert.equal(arena.read(row), text);
});

test("all rows are invalid after everything was removed", () => {
  const arena = new JobArena();
  const { epoch } = arena;
  const row = arena.add("a job");
  arena.add(new LargeJob("{", new RawJson(new Uint8Array(3), "3"), "}"));
  arena.clear();
  assert.notEqual(arena.epoch, epoch);
  assert(!arena.has(row));
  assert.equal(arena.read(arena.add("another")), "another");
});
