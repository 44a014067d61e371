import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { marshalText } from "../../src/server/go/encode.ts";
import { JobArena } from "../../src/server/job_arena.ts";
import { JobSet } from "../../src/server/job_set.ts";
import { LargeJob, type Payload, payloadKey, RawJson } from "../../src/server/payload.ts";
import { RowIndex } from "../../src/server/row_index.ts";

/** Returns a stored job. The more comes before its jid, the harder it is to find. */
function job(jid: string, before = ""): string {
  return `{"retry":-1${before},"jid":${marshalText(jid)},"queue":"q","args":["é"]}`;
}

function large(jid: string): LargeJob {
  return new LargeJob(
    `{"retry":25,"jid":${marshalText(jid)},"args":`,
    new RawJson(new Uint8Array(4), "4-sum"),
    "}",
  );
}

function setting() {
  const arena = new JobArena();
  const kept = new Map<number, number>();
  const set = new JobSet(arena, {
    add: (row, at) => void kept.set(row, at),
    remove: (row) => assert(kept.delete(row)),
  });
  return { arena, set, kept };
}

test("a set is ordered by time, then by bytes, and contains a job once", () => {
  const { set, kept } = setting();
  set.add(5, job("job-e"));
  set.add(1, job("job-a"));
  for (const jid of ["job-d", "job-c", "job-b"]) set.add(3, job(jid));
  set.add(9, job("job-c"));
  set.add(3, large("job-large"));
  set.add(3, large("job-large"));
  assert.equal(set.size, 6);
  assert.equal(kept.size, 6);
  const all = set.page(0, 10);
  assert.deepEqual(all.map(({ at }) => at), [1, 3, 3, 3, 5, 9]);
  assert.deepEqual(all.slice(1, 4).map(({ value }) => String(value).includes("job-large")), [
    false,
    false,
    true,
  ]);
  assert.deepEqual(set.takeUntil(3, 2), [job("job-a"), job("job-b")]);
  assert.equal(set.remove(all[2]!), true);
  assert.equal(set.remove(all[2]!), false);
  assert.deepEqual(set.takeUntil(9).slice(1), [job("job-e"), job("job-c")]);
  assert.deepEqual([set.size, kept.size], [0, 0]);
});

test("a job is found by its jid, whatever comes before it", () => {
  const { set } = setting();
  const befores = [
    "",
    `,"failure":{"message":"a \\\\ \\" , } \\"jid\\":\\"no\\"","backtrace":["x]",[{}]],"n":1}`,
    `,"failure":{},"custom":{"jid":"other","nested":{"a":[1,2,{"b":null}]}}`,
  ];
  const jids = ["plain-jid-1", 'quoted "jid\\', "unicode-é-\u2028-<&>", ""];
  for (const jid of jids) {
    for (const [at, before] of befores.entries()) set.add(at, job(jid, before));
  }
  set.add(7, large("large-jid"));
  for (const jid of jids) {
    const found = set.withJid(jid).map(({ value }) => value).sort();
    assert.deepEqual(found, befores.map((before) => job(jid, before)).sort());
  }
  assert.deepEqual(set.withJid("large-jid").map(({ at }) => at), [7]);
  assert.deepEqual(set.withJid("no"), []);
});

/** Sets of many jobs that are moved, removed, or due. */
test("a set of many jobs equals a sorted array", () => {
  const action = fc.record({
    kind: fc.constantFrom("add", "add", "add", "add", "remove", "due"),
    at: fc.nat(30),
    jid: fc.nat(3000),
  });
  fc.assert(
    fc.property(fc.array(action, { minLength: 3000, maxLength: 5000 }), (actions) => {
      const { set, kept } = setting();
      const model = new Map<string, { at: number; payload: Payload }>();
      const sorted = () =>
        [...model].sort(([a, x], [b, y]) => x.at - y.at || (a < b ? -1 : 1))
          .map(([, { payload }]) => payloadKey(payload));
      for (const { kind, at, jid } of actions) {
        const name = `job-${String(jid).padStart(5, "0")}`;
        const payload = jid % 50 === 0 ? large(name) : job(name);
        if (kind === "add") {
          set.add(at, payload);
          model.set(payloadKey(payload), { at, payload });
        } else if (kind === "remove") {
          const [entry] = set.withJid(name);
          assert.equal(entry !== undefined, model.delete(payloadKey(payload)));
          if (entry !== undefined) assert(set.remove(entry));
        } else if (jid % 20 === 0) {
          const due = sorted().filter((key) => model.get(key)!.at <= at).slice(0, jid);
          assert.deepEqual(set.takeUntil(at, jid).map(payloadKey), due);
          for (const key of due) model.delete(key);
        }
      }
      assert.deepEqual([set.size, kept.size], [model.size, model.size]);
      const keys = sorted();
      assert.deepEqual(set.page(0, model.size).map(({ value }) => payloadKey(value)), keys);
      const parts = [...set.parts(100)].flatMap(({ entries }) => entries);
      assert.deepEqual(parts.map(({ value }) => payloadKey(value)), keys);
    }),
    { seed: 1, numRuns: 10 },
  );
});

test("an iteration sees the jobs that were there at its start and still are", () => {
  const { set } = setting();
  for (let i = 0; i < 1000; i++) set.add(i, job(`job-${i}`));
  const seen: number[] = [];
  let count = 0;
  for (const { entries, has } of set.parts(100)) {
    for (const entry of entries) {
      if (!has(entry)) continue;
      seen.push(entry.at);
      if (entry.at % 100 !== 50) continue;
      // Removes a job that comes later, reuses its row, and adds another later one.
      const [gone] = set.withJid(`job-${entry.at + 3}`);
      set.remove(gone!);
      const row = set.add(entry.at + 20, job(`new-${++count}`));
      assert.equal(row, gone!.row);
    }
  }
  assert.equal(count, 10);
  assert.deepEqual(seen, Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 100 !== 53));
});

test("rows are found by their hashes among many that come and go", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 200 })), { maxLength: 2000 }),
      (pairs) => {
        const index = new RowIndex();
        const model = new Map<number, number>();
        for (const [kind, row] of pairs) {
          // Few parts and few slots, so that many collide.
          const hash = kind % 2 + (kind % 5) * 1024;
          const before = model.get(row);
          if (before === undefined) {
            index.add(hash, row);
            model.set(row, hash);
          } else {
            assert.equal(index.remove(before, 1000 + row), false);
            assert(index.remove(before, row));
            model.delete(row);
          }
          const wanted = [...model].filter(([, other]) => other === hash).map(([row]) => row);
          assert.deepEqual(index.find(hash).sort((a, b) => a - b), wanted.sort((a, b) => a - b));
        }
      },
    ),
    { seed: 1, numRuns: 50 },
  );
});
