import assert from "node:assert/strict";
import { it } from "node:test";
import { InvalidArgumentError } from "../../src/errors.ts";
import { CommandEncoder } from "../../src/protocol/encoder.ts";

const text = (encoder: CommandEncoder) => new TextDecoder().decode(encoder.view);

it("encodes commands one after the other, and again after clear", () => {
  const encoder = new CommandEncoder();
  encoder.add("PUSH", '{"a":"€"}');
  encoder.add("INFO");
  assert.equal(text(encoder), 'PUSH {"a":"€"}\r\nINFO\r\n');
  encoder.clear();
  encoder.add("FLUSH");
  assert.equal(text(encoder), "FLUSH\r\n");
});

it("grows", () => {
  const encoder = new CommandEncoder();
  const payload = "x".repeat(1_000_000);
  encoder.add("PUSH", payload);
  encoder.add("PUSH", payload);
  assert.equal(text(encoder), `PUSH ${payload}\r\nPUSH ${payload}\r\n`);
});

it("refuses a line break, so that text cannot become a command", () => {
  const encoder = new CommandEncoder();
  for (const payload of ["a\nFLUSH", "a\rb"]) {
    assert.throws(() => encoder.add("FETCH", payload), InvalidArgumentError);
  }
  assert.ok(encoder.isEmpty);
});

it("frees the memory of a large job, and keeps that of small ones", () => {
  const encoder = new CommandEncoder();
  encoder.add("PUSHB", "x".repeat(20_000_000));
  assert.equal(encoder.view.length, 20_000_008);
  // Less than three bytes per character.
  assert(encoder.capacity < 25_000_000, `${encoder.capacity}`);
  encoder.clear();
  assert(encoder.capacity <= 1024 * 1024, `${encoder.capacity}`);
  encoder.add("PUSHB", "é€😀".repeat(50_000));
  assert.equal(encoder.view.length, 8 + 9 * 50_000);
  encoder.clear();
  const { capacity } = encoder;
  encoder.add("PUSHB", "é€😀".repeat(50_000));
  assert.equal(encoder.view.length, 8 + 9 * 50_000);
  assert.equal(encoder.capacity, capacity);
});
