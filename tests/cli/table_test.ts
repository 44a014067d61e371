import assert from "node:assert/strict";
import { test } from "node:test";
import { viewOf } from "../../src/cli/commands/top/view.ts";
import { tableOf } from "../../src/cli/table.ts";
import { printable } from "../../src/cli/text.ts";
import { align, cut, widthOf } from "../../src/cli/width.ts";

const widths: readonly (readonly [text: string, width: number])[] = [
  ["", 0],
  ["images", 6],
  ["画像", 4],
  ["ｆｕｌｌ", 8],
  ["한국어", 6],
  ["🎉", 2],
  ["👨‍👩‍👧", 2],
  ["👍🏽", 2],
  ["🇦🇹", 2],
  ["❤️", 2],
  ["❤", 1],
  ["e\u0301", 1],
  ["zero\u200bwidth", 9],
  ["Größe", 5],
];

test("widthOf counts terminal columns", () => {
  for (const [text, width] of widths) assert.equal(widthOf(text), width, text);
});

test("a text is cut between characters, never within one", () => {
  assert.equal(cut("images", 6), "images");
  assert.equal(cut("images", 4), "ima…");
  assert.equal(cut("画像処理", 5), "画像…");
  assert.equal(cut("画像処理", 4), "画…");
  assert.equal(cut("👨‍👩‍👧👨‍👩‍👧", 3), "👨‍👩‍👧…");
  assert.equal(cut("images", 1), "…");
  assert.equal(cut("images", 0), "");
  assert.equal(align("画像", 6, "left"), "画像  ");
  assert.equal(align("画像", 6, "right"), "  画像");
  assert.equal(align("画像", 1, "left"), "画像");
});

test("names of any characters keep the columns of a table aligned", () => {
  const names = ["default", "画像", "🎉party", "a\tb\u001b[31m\nc", "e\u0301", "\u202eright"];
  const table = tableOf(["queue", "jobs"], names.map((name) => [name, 1234]));
  const lines = table.split("\n");
  assert.deepEqual(lines, [
    "queue        jobs",
    "default     1,234",
    "画像        1,234",
    "🎉party     1,234",
    "a b [31m c  1,234",
    "e\u0301           1,234",
    " right      1,234",
  ]);
  assert.deepEqual(new Set(lines.map(widthOf)).size, 1);
});

test("a table can have a rule, right-aligned columns, and rows with missing cells", () => {
  assert.equal(
    tableOf(["a", "bb"], [["1", "2"], ["3"]], { right: [1], rule: true }),
    "a  bb\n─  ──\n1   2\n3",
  );
  assert.equal(tableOf(["queue", "jobs"], []), "queue  jobs");
});

test("top keeps its columns aligned for any queue names", () => {
  const names = ["default", "画像", "🎉", "a\u001b[2Jb", "very-long-name-of-a-queue-画像処理"];
  const rates = { enqueued: 0, processed: 0, failed: 0, commands: 0, growth: new Map() };
  const now = {
    at: 0,
    queues: Object.fromEntries(names.map((name) => [name, 5])),
    latencies: new Map(names.map((name) => [name, 0.3])),
    sets: { working: 0, scheduled: 0, retries: 0, dead: 0 },
    totals: { enqueued: 0, processed: 0, failures: 0, queues: 5 },
    server: {
      description: "Faktory",
      version: "1.10.0",
      uptimeSeconds: 60,
      connections: 1,
      commandCount: 1,
      usedMemoryMb: 1,
    },
  };
  for (const columns of [80, 40, 30]) {
    const view = viewOf({ url: "tcp://localhost:7419", time: "12:00", now, rates }, { columns });
    const lines = view.map(({ text }) => text);
    const rows = lines.slice(lines.findIndex((line) => line.startsWith("queue")));
    assert.equal(rows.length, 1 + names.length);
    assert.deepEqual([...new Set(rows.map(widthOf))].length, 1, rows.join("\n"));
    assert.ok(lines.every((line) => widthOf(line) <= columns && printable(line) === line));
  }
});
