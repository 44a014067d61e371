import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../src/errors.ts";
import { DEFAULT_MAX_REPLY_BYTES, ReplyDecoder } from "../../src/protocol/decoder.ts";
import type { Reply } from "../../src/protocol/reply.ts";
import { SmallReplyDecoder } from "../../src/protocol/small_decoder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const wire = "+OK\r\n-ERR no\r\n:12\r\n$-1\r\n$0\r\n\r\n$6\r\nä\r\n€".replace("$6", "$7") +
  "\r\n+HI {}\n";
const expected: Reply[] = [
  { kind: "status", text: "OK" },
  { kind: "error", text: "ERR no" },
  { kind: "integer", value: 12 },
  { kind: "bulk", text: null },
  { kind: "bulk", text: "" },
  { kind: "bulk", text: "ä\r\n€" },
  { kind: "status", text: "HI {}" },
];

for (const Decoder of [ReplyDecoder, SmallReplyDecoder]) {
  const decode = (chunks: Uint8Array[], maxBytes = DEFAULT_MAX_REPLY_BYTES): Reply[] => {
    const replies: Reply[] = [];
    const decoder = new Decoder((reply) => replies.push(reply), maxBytes);
    for (const chunk of chunks) decoder.push(chunk);
    return replies;
  };

  describe(Decoder.name, () => {
    it("decodes several replies in one chunk", () => {
      assert.deepEqual(decode([bytes(wire)]), expected);
    });

    it("decodes them byte by byte", () => {
      assert.deepEqual(decode([...bytes(wire)].map((byte) => Uint8Array.of(byte))), expected);
    });

    it("decodes them at any split", () => {
      const all = bytes(wire);
      fc.assert(fc.property(fc.array(fc.nat(all.length)), (cuts) => {
        const ends = [...cuts, all.length].sort((a, b) => a - b);
        const chunks = ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end));
        assert.deepEqual(decode(chunks), expected);
      }));
    });

    it("refuses a reply that is too large before it arrives", () => {
      const tooLarge = (error: unknown) =>
        error instanceof ProtocolError && error.code === "REPLY_TOO_LARGE";
      assert.throws(() => decode([bytes("$101\r\n")], 100), tooLarge);
      assert.throws(() => decode([bytes("+" + "x".repeat(200))], 100), tooLarge);
    });

    it("refuses bytes that violate the protocol", () => {
      for (
        const text of ["HTTP/1.1 400\r\n", "$x\r\n", "$-2\r\n", "$1\r\nabc\r\n", ":1.5\r\n", "\n"]
      ) {
        assert.throws(
          () => decode([bytes(text)]),
          (error) => error instanceof ProtocolError && error.code === "PROTOCOL_VIOLATION",
          text,
        );
      }
    });

    // In pieces as Cloudflare Workers deliver them: the small decoder copies its buffer with each.
    const size = Decoder === ReplyDecoder ? 32 * 1024 * 1024 : 2 * 1024 * 1024;
    it(`decodes a bulk of ${size} bytes`, () => {
      const body = new Uint8Array(size).fill(0x61);
      const chunks = [bytes(`$${size}\r\n`)];
      for (let at = 0; at < size; at += 4096) chunks.push(body.subarray(at, at + 4096));
      const [reply] = decode([...chunks, bytes("\r\n")]);
      assert.equal(reply?.kind === "bulk" && reply.text?.length, size);
    });
  });
}

it("does not keep the memory of a large reply", () => {
  const replies: Reply[] = [];
  const decoder = new ReplyDecoder((reply) => replies.push(reply));
  const large = bytes(`$5000000\r\n${"x".repeat(5_000_000)}\r\n`);
  for (const end of ["+OK\r\n", `+${"y".repeat(3_000_000)}\r\n`]) {
    const all = [...[0, 1, 2, 3, 4].map((i) => large.subarray(i * 1e6, (i + 1) * 1e6))];
    for (const part of [...all, large.subarray(5e6)]) decoder.push(part);
    assert(decoder.capacity <= 1024 * 1024, `${decoder.capacity} bytes are kept`);
    decoder.push(bytes(end.slice(0, -1)));
    decoder.push(bytes(end.slice(-1)));
    assert(decoder.capacity <= 1024 * 1024, `${decoder.capacity} bytes are kept`);
  }
  assert.equal(replies.length, 4);
});
