/**
 * The behaviour of `TextLineStream` that this package relies on. In Deno it is JSR's, or its
 * stand-in with the second configuration. In Bun and Node it is always the stand-in.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TextLineStream, type TextLineStreamOptions } from "@std/streams/text-line-stream";
import { assert as check, constantFrom, property, string } from "fast-check";

async function linesOf(pieces: readonly string[], options?: TextLineStreamOptions) {
  const text = new ReadableStream<string>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const lines: string[] = [];
  for await (const line of text.pipeThrough(new TextLineStream(options))) lines.push(line);
  return lines;
}

const cases: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ["", []],
  ["a", ["a"]],
  ["a\n", ["a"]],
  ["\n", [""]],
  ["a\nb", ["a", "b"]],
  ["a\r\nb\r\n", ["a", "b"]],
  ["\r\n\r\n", ["", ""]],
  ["a\n\nb", ["a", "", "b"]],
  ["a\rb\n", ["a\rb"]],
  ["a\r\r\n", ["a\r"]],
  ["\ra\n", ["\ra"]],
  ["a\u2028b\u0085c\n", ["a\u2028b\u0085c"]],
];

test("lines end with a line feed, with or without a carriage return", async () => {
  for (const [text, lines] of cases) {
    assert.deepEqual(await linesOf([text]), lines, JSON.stringify(text));
    assert.deepEqual(await linesOf([...text]), lines, `${JSON.stringify(text)} by characters`);
  }
});

test("a carriage return at the very end belongs to the last line", async () => {
  assert.deepEqual(await linesOf(["a\r"]), ["a\r"]);
  assert.deepEqual(await linesOf(["a\n\r"]), ["a", "\r"]);
});

test("with allowCR, a carriage return alone ends a line too", async () => {
  const texts = ["a\rb\n", "a\r", "a\r\n", "\r", "\r\r\n", "a\rb\rc", "a\r\rb"];
  const lines = [["a", "b"], ["a"], ["a"], [""], ["", ""], ["a", "b", "c"], ["a", "", "b"]];
  for (const [index, text] of texts.entries()) {
    assert.deepEqual(await linesOf([text], { allowCR: true }), lines[index], JSON.stringify(text));
    assert.deepEqual(await linesOf([...text], { allowCR: true }), lines[index], "by characters");
  }
});

test("the pieces make no difference", async () => {
  const text = string({ unit: constantFrom("a", "\n", "\r"), maxLength: 12 });
  const seen: string[] = [];
  check(property(text, (one) => void seen.push(one)), { seed: 1, numRuns: 150 });
  for (const one of seen) {
    for (const allowCR of [false, true]) {
      const whole = await linesOf([one], { allowCR });
      const half = Math.floor(one.length / 2);
      assert.deepEqual(await linesOf([...one], { allowCR }), whole, JSON.stringify(one));
      assert.deepEqual(await linesOf([one.slice(0, half), one.slice(half)], { allowCR }), whole);
    }
  }
});

test("a line in many pieces is joined", async () => {
  const pieces = Array.from({ length: 2000 }, () => "0123456789");
  const [line] = await linesOf([...pieces, "\n"]);
  assert.equal(line?.length, 20_000);
});
