import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Glob } from "../../src/server/glob.ts";
import { bytesOf } from "../../src/server/go/text.ts";
import { JobQueue } from "../../src/server/job_queue.ts";
import { LargeJob, type Payload, RawJson } from "../../src/server/payload.ts";
import { Queues, type Waiter } from "../../src/server/queues.ts";
import { finish } from "../../src/server/slices.ts";
import { SortedSet } from "../../src/server/sorted_set.ts";

test("who has waited longest for a queue gets its next job", () => {
  const queues = new Queues();
  const taken: string[] = [];
  const wait = (name: string, names: string[]) => {
    const waiter: Waiter = {
      take(payload) {
        queues.leave(names, waiter);
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
  assert.equal(queues.pop(["low", "high"]), "b");
});

test("who has left gets nothing, and waiting does not make a queue", () => {
  const queues = new Queues();
  const waiter: Waiter = { take: () => assert.fail() };
  queues.wait(["q", "r"], waiter);
  assert.deepEqual(queues.names(), []);
  queues.leave(["q", "r"], waiter);
  queues.push("q", "a");
  assert.equal(queues.pop(["q"]), "a");
  assert.deepEqual(queues.sizes(), { q: 0 });
});

test("a queue that is paused is left out; one that does not exist cannot be", () => {
  const queues = new Queues();
  queues.pause("q");
  assert.deepEqual(queues.active(["q"]), ["q"]);
  queues.push("q", "a");
  queues.pause("q");
  assert.deepEqual(queues.active(["q", "r"]), ["r"]);
  queues.resume("q");
  assert.deepEqual(queues.active(["q"]), ["q"]);
});

test("a page of a queue starts at any position", () => {
  const large = () => new LargeJob('{"args":', new RawJson(new Uint8Array(8), "sum"), "}");
  const queue = new JobQueue(false);
  const jobs: Payload[] = [];
  for (let i = 0; i < 9000; i++) {
    const job = i % 1500 === 7 ? large() : `job ${i} ${"x".repeat(i % 400)}`;
    queue.push(job);
    jobs.push(job);
  }
  for (let i = 0; i < 1600; i++) queue.shift();
  for (const [offset, limit] of [[0, 3], [5, 10], [1406, 3], [4000, 1500], [7399, 5], [9000, 5]]) {
    const page = queue.page(offset!, limit!);
    const wanted = jobs.slice(1600 + offset!, 1600 + offset! + limit!);
    assert.equal(page.length, wanted.length);
    assert(page.every((job, i) => job === wanted[i]), `${offset} ${limit}`);
  }
});

test("a page of a sorted set starts at any rank", () => {
  const set = new SortedSet<number>(String);
  for (let i = 0; i < 5000; i++) set.add(i * 7919 % 5000, i);
  const all = [...set.parts(5000)].flat();
  for (const [offset, limit] of [[0, 3], [1000, 2000], [4998, 10], [5000, 1], [0, 0]]) {
    assert.deepEqual(set.page(offset!, limit!), all.slice(offset, offset! + limit!));
  }
});

test("a sorted set keeps to its order, those of one time to their keys', and has a key once", () => {
  const set = new SortedSet<string>((value) => value);
  const entries = new Map(
    [[5, "e"], [1, "a"], [3, "d"]].map(([at, value]) =>
      [value as string, set.add(at as number, value as string)] as const
    ),
  );
  set.add(3, "c");
  set.add(3, "b");
  set.add(9, "c");
  assert.equal(set.size, 5);
  assert.equal(set.remove(entries.get("d")!), true);
  assert.equal(set.remove(entries.get("d")!), false);
  assert.deepEqual(set.takeUntil(3, 1), ["a"]);
  assert.deepEqual(set.takeUntil(4), ["b"]);
  assert.deepEqual([...set.parts(10)].flat().map(({ at, key }) => [at, key]), [[5, "e"], [9, "c"]]);
  assert.deepEqual(set.takeUntil(9), ["e", "c"]);
  assert.equal(set.size, 0);
});

test("a sorted set of many is as one that is sorted whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(50), fc.nat(4000)), { minLength: 3000, maxLength: 4000 }),
      fc.nat(50),
      (members, limit) => {
        const set = new SortedSet<number>((value) => String(value).padStart(4, "0"));
        const expected = new Map<number, number>();
        for (const [at, value] of members) {
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
  test(`the glob ${pattern} matches as Redis says`, () => {
    const glob = new Glob(pattern);
    for (const text of matches) assert(finish(glob.matches(bytesOf(text))), text);
    for (const text of others) assert(!finish(glob.matches(bytesOf(text))), text);
  });
}
