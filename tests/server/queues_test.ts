import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Glob } from "../../src/server/glob.ts";
import { bytesOf } from "../../src/server/go/text.ts";
import { JobArena } from "../../src/server/job_arena.ts";
import { JobQueue } from "../../src/server/job_queue.ts";
import { Queues, type Waiter } from "../../src/server/queues.ts";
import { runToEnd } from "../../src/server/slices.ts";
import { SortedSet } from "../../src/server/sorted_set.ts";

test("the client that has waited longest for a queue gets its next job", () => {
  const queues = new Queues(new JobArena());
  const taken: string[] = [];
  const wait = (name: string, names: string[]) => {
    const waiter: Waiter = {
      take({ payload }) {
        queues.stopWaiting(names, waiter);
        taken.push(`${name}:${payload}`);
      },
    };
    queues.wait(names, waiter);
  };
  wait("first", ["high", "low"]);
  wait("second", ["low"]);
  queues.push("low", "a");
  queues.push("high", "b");
  queues.push("low", "c");
  assert.deepEqual(taken, ["first:a", "second:c"]);
  assert.equal(queues.pop(["low", "high"])?.payload, "b");
});

test("a client that has left gets nothing, and waiting does not create a queue", () => {
  const queues = new Queues(new JobArena());
  const waiter: Waiter = { take: () => assert.fail() };
  queues.wait(["q", "r"], waiter);
  assert.deepEqual(queues.names(), []);
  queues.stopWaiting(["q", "r"], waiter);
  queues.push("q", "a");
  assert.equal(queues.pop(["q"])?.payload, "a");
  assert.deepEqual(queues.sizes(), { q: 0 });
});

test("a paused queue is left out, and one that does not exist cannot be paused", () => {
  const queues = new Queues(new JobArena());
  queues.pause("q");
  assert.deepEqual(queues.active(["q"]), ["q"]);
  queues.push("q", "a");
  queues.pause("q");
  assert.deepEqual(queues.active(["q", "r"]), ["r"]);
  queues.resume("q");
  assert.deepEqual(queues.active(["q"]), ["q"]);
});

test("a queue keeps the order of its jobs, and a page starts at any position", () => {
  const queue = new JobQueue();
  const rows: number[] = [];
  for (let row = 1; row <= 90_000; row++) {
    queue.push(row);
    rows.push(row);
    if (row % 3 === 0) assert.equal(queue.shift(), rows.shift());
  }
  assert.equal(queue.peek(), rows[0]);
  for (const [offset, limit] of [[0, 3], [5, 10], [16_380, 16_400], [59_998, 5], [60_000, 5]]) {
    assert.deepEqual(queue.page(offset!, limit!), rows.slice(offset, offset! + limit!));
  }
  assert.equal(queue.take((row) => row === rows[40_000]), rows[40_000]);
  rows.splice(40_000, 1);
  assert.equal(queue.length, rows.length);
  assert.deepEqual([...queue.drain()], rows);
  assert.equal(queue.shift(), undefined);
});

test("a removed queue frees its memory in steps, and keeps jobs that arrive later", () => {
  const arena = new JobArena();
  const queues = new Queues(arena);
  for (let i = 0; i < 5000; i++) queues.push("q", `job ${i}`);
  const freeing = queues.remove("q");
  assert.deepEqual(queues.sizes(), {});
  queues.push("q", "another job");
  freeing.next();
  queues.push("q", "one more");
  runToEnd(freeing);
  assert.deepEqual(queues.page("q", 0, 5), ["another job", "one more"]);
  assert.equal(queues.pop(["q"])?.payload, "another job");
});

test("freeing a removed queue does not touch jobs after a FLUSH", () => {
  const arena = new JobArena();
  const queues = new Queues(arena);
  for (let i = 0; i < 5000; i++) queues.push("q", `job ${i}`);
  const freeing = queues.remove("q");
  freeing.next();
  queues.flush();
  arena.clear();
  for (let i = 0; i < 5000; i++) queues.push("q", `new job ${i}`);
  runToEnd(freeing);
  for (let i = 0; i < 5000; i++) assert.equal(queues.pop(["q"])?.payload, `new job ${i}`);
});

test("a sorted set is ordered by time, then by insertion", () => {
  const set = new SortedSet<string>();
  const entries = [[5, "e"], [1, "a"], [3, "d"], [3, "c"], [9, "f"], [3, "b"]].map(([at, value]) =>
    set.add(at as number, value as string)
  );
  assert.deepEqual(set.page(1, 3).map(({ value }) => value), ["d", "c", "b"]);
  assert.equal(set.remove(entries[2]!), true);
  assert.equal(set.remove(entries[2]!), false);
  assert.deepEqual(set.takeUntil(3, 1), ["a"]);
  assert.deepEqual(set.takeUntil(4), ["c", "b"]);
  assert.equal(set.size, 2);
  set.clear();
  assert.equal(set.remove(entries[0]!), false);
  assert.deepEqual(set.takeUntil(Infinity), []);
});

test("a sorted set of many values equals a sorted array", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 3000, maxLength: 4000 }),
      fc.nat(50),
      (ats, limit) => {
        const set = new SortedSet<number>();
        const expected = new Map<number, number>();
        for (const [value, at] of ats.entries()) {
          const entry = set.add(at, value);
          expected.set(value, at);
          if (value % 7 !== 0) continue;
          assert(set.remove(entry));
          expected.delete(value);
        }
        const sorted = [...expected].sort(([a, x], [b, y]) => x - y || a - b);
        assert.equal(set.size, sorted.length);
        const due = sorted.filter(([, at]) => at <= limit).map(([value]) => value);
        assert.deepEqual(set.takeUntil(limit, 10), due.slice(0, 10));
        assert.deepEqual(set.takeUntil(limit), due.slice(10));
        assert.deepEqual(
          set.takeUntil(Infinity),
          sorted.filter(([, at]) => at > limit).map(([value]) => value),
        );
      },
    ),
    { seed: 1, numRuns: 20 },
  );
});

const GLOBS: [pattern: string, matches: string[], others: string[]][] = [
  ["*", ["", "a\nb"], []],
  ["a*c", ["ac", "abbc"], ["ab", "xac"]],
  ["a?c", ["abc", "a.c"], ["ac", "abbc"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "-x"]],
  ["[^a]x", ["bx"], ["ax"]],
  ["[c-a]", ["b"], ["d"]],
  [String.raw`\*\?\[`, ["*?["], ["ab["]],
  [String.raw`[\]]`, ["]"], ["\\"]],
  ["a.b+(c)|d", ["a.b+(c)|d"], ["axb+(c)|d"]],
  ["**a**", ["a", "xax"], ["b"]],
  ["[abc", ["a", "c"], ["d"]],
  ["[^", ["a"], ["", "ab"]],
  ["[]a]", [], ["a", "]", "a]"]],
  ["a??b", ["aéb"], ["aeb"]],
  ["[é]?", ["é"], ["e"]],
  [`${"a*".repeat(30)}b`, [`${"a".repeat(60)}b`], ["a".repeat(5000)]],
];

for (const [pattern, matches, others] of GLOBS) {
  test(`the glob ${pattern} matches like in Redis`, () => {
    const glob = new Glob(pattern);
    for (const text of matches) assert(runToEnd(glob.matches(bytesOf(text))), text);
    for (const text of others) assert(!runToEnd(glob.matches(bytesOf(text))), text);
  });
}
