import assert from "node:assert/strict";
import { test } from "node:test";
import { globMatcher } from "../../src/server/glob.ts";
import { Queues, type Waiter } from "../../src/server/queues.ts";
import { SortedSet } from "../../src/server/sorted_set.ts";

test("who has waited longest for a queue gets its next job, and one job only", () => {
  const queues = new Queues();
  const taken: string[] = [];
  const waiter = (name: string): Waiter => ({
    isDone: false,
    take: (payload) => taken.push(`${name}:${payload}`),
  });
  queues.wait(["high", "low"], waiter("first"));
  queues.wait(["low"], waiter("second"));
  queues.push("low", "a");
  queues.push("high", "b");
  queues.push("low", "c");
  assert.deepEqual(taken, ["first:a", "second:c"]);
  assert.equal(queues.pop(["low", "high"]), "b");
});

test("who has given up gets nothing, and waiting does not make a queue", () => {
  const queues = new Queues();
  queues.wait(["q"], { isDone: true, take: () => assert.fail() });
  assert.deepEqual(queues.names(), []);
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

test("a sorted set keeps to its order, and those of one time to theirs", () => {
  const set = new SortedSet<string>();
  const entries = new Map(
    [[5, "e"], [1, "a"], [3, "c"]].map(([at, value]) =>
      [value as string, set.add(at as number, value as string)] as const
    ),
  );
  set.add(3, "d");
  assert.equal(set.remove(entries.get("c")!), true);
  assert.equal(set.remove(entries.get("c")!), false);
  assert.deepEqual(set.takeUntil(3), ["a", "d"]);
  assert.deepEqual(set.takeWhere((value) => value === "x"), []);
  assert.deepEqual(set.takeWhere((value) => value === "e"), ["e"]);
  assert.equal(set.size, 0);
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
];

for (const [pattern, matches, others] of GLOBS) {
  test(`the glob ${pattern} matches as Redis says`, () => {
    const match = globMatcher(pattern);
    for (const text of matches) assert(match(text), text);
    for (const text of others) assert(!match(text), text);
  });
}
