import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { DEFAULT_MAX_REPLY_BYTES, ReplyDecoder } from "../../src/protocol/decoder.ts";
import type { Reply } from "../../src/protocol/reply.ts";
import { SmallReplyDecoder } from "../../src/protocol/small_decoder.ts";
import { casesOf, randomFrom, seed } from "../properties.ts";

/**
 * The result of decoding bytes: the replies, and the code of the error after them, if there is one.
 */
interface End {
  readonly replies: Reply[];
  readonly code: string | undefined;
}

/** A small limit, so that a longer length in a reply is rarely too large. */
const MAX_BYTES = 205;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Parses the protocol in the simplest way, all bytes at once. */
function decodeSlowly(bytes: Uint8Array): End {
  const replies: Reply[] = [];
  for (let at = 0; at < bytes.length;) {
    const lf = bytes.indexOf(10, at);
    const room = (lf < 0 ? bytes.length : lf) - at;
    if (room > MAX_BYTES) return { replies, code: "REPLY_TOO_LARGE" };
    if (lf < 0) break;
    const end = lf > at && bytes[lf - 1] === 13 ? lf - 1 : lf;
    const text = utf8.decode(bytes.subarray(at + 1, end));
    const kind = lf === at ? "" : String.fromCharCode(bytes[at]!);
    at = lf + 1;
    if (kind === "+") replies.push({ kind: "status", text });
    else if (kind === "-") replies.push({ kind: "error", text });
    else if (!/^[:$]$/.test(kind) || !/^-?\d{1,15}$/.test(text)) {
      return { replies, code: "PROTOCOL_VIOLATION" };
    } else if (kind === ":") replies.push({ kind: "integer", value: Number(text) });
    else if (Number(text) === -1) replies.push({ kind: "bulk", text: null });
    else if (Number(text) < 0) return { replies, code: "PROTOCOL_VIOLATION" };
    else {
      const length = Number(text);
      if (length > MAX_BYTES) return { replies, code: "REPLY_TOO_LARGE" };
      if (at + length + 2 > bytes.length) break;
      if (bytes[at + length] !== 13 || bytes[at + length + 1] !== 10) {
        return { replies, code: "PROTOCOL_VIOLATION" };
      }
      replies.push({ kind: "bulk", text: utf8.decode(bytes.subarray(at, at + length)) });
      at += length + 2;
    }
  }
  return { replies, code: undefined };
}

/** Decodes the bytes in pieces. `next` returns the length of the next piece. */
function decode(
  Decoder: typeof ReplyDecoder | typeof SmallReplyDecoder,
  bytes: Uint8Array,
  next: () => number,
): End {
  const replies: Reply[] = [];
  const decoder = new Decoder((reply) => replies.push(reply), MAX_BYTES);
  try {
    for (let at = 0; at < bytes.length;) {
      const end = at + next();
      decoder.push(bytes.subarray(at, end));
      at = end;
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { replies, code: error.code };
  }
  return { replies, code: undefined };
}

function isSame(a: End, b: End): boolean {
  if (a.code !== b.code || a.replies.length !== b.replies.length) return false;
  return a.replies.every((reply, i) => {
    const other = b.replies[i]!;
    if (reply.kind !== other.kind) return false;
    return reply.kind === "integer"
      ? other.kind === "integer" && reply.value === other.value
      : other.kind !== "integer" && reply.text === other.text;
  });
}

const TEXTS = ["", "OK", "a", "{}", "ä€😀", "\r", "\ufeffx", "ERR no", '{"jid":"x","args":[1]}'];
const BULKS = [
  ...TEXTS,
  "\r\n",
  "$3\r\nabc\r\n",
  "+OK\r\n",
  "x".repeat(200),
  "\n\n",
  "€".repeat(9),
];

/** Returns replies in wire format, and bytes with a meaning in it. */
function streams(random: () => number, count: number): Uint8Array[] {
  const of = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const reply = () => {
    const text = of(BULKS);
    return of([
      `+${of(TEXTS)}\r\n`,
      `-${of(TEXTS)}\n`,
      `:${Math.floor(random() * 2e6) - 1e6}\r\n`,
      "$-1\r\n",
      `$${encoder.encode(text).length}\r\n${text}\r\n`,
      `$${encoder.encode(text).length}\r\n${text}\r\n`,
    ]);
  };
  return Array.from(
    { length: count },
    () => encoder.encode(Array.from({ length: 1 + Math.floor(random() * 4) }, reply).join("")),
  );
}

const TELLING = encoder.encode("+-:$\r\n0123456789");

/** Returns the bytes with a few of them changed, removed, doubled or inserted. */
function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const to = new Uint8Array(bytes.length * 2 + 8);
  to.set(bytes);
  let length = bytes.length;
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
    const at = Math.floor(random() * length);
    const byte = random() < 0.7
      ? TELLING[Math.floor(random() * TELLING.length)]!
      : Math.floor(random() * 256);
    switch (Math.floor(random() * 4)) {
      case 0:
        to[at] = byte;
        break;
      case 1:
        to.copyWithin(at, at + 1, length--);
        break;
      case 2:
        if (length >= to.length) break;
        to.copyWithin(at + 1, at, length++);
        to[at] = byte;
        break;
      default:
        length = at;
    }
    if (length === 0) break;
  }
  return to.subarray(0, length);
}

function describeCase(bytes: Uint8Array, ...ends: End[]): string {
  return `${JSON.stringify(utf8.decode(bytes))}: ${JSON.stringify(ends)}`;
}

for (const [Decoder, count] of [[ReplyDecoder, 1_000_000], [SmallReplyDecoder, 300_000]] as const) {
  test(`${Decoder.name}: any bytes, however cut, give replies and at most one error`, () => {
    anyBytes(Decoder, count);
  });
}

function anyBytes(Decoder: typeof ReplyDecoder | typeof SmallReplyDecoder, count: number): void {
  const random = randomFrom(seed);
  const cases = casesOf("streams of replies, half of them mutated", count);
  const sound = streams(random, 2000).map((bytes) => ({ bytes, end: decodeSlowly(bytes) }));
  for (const { bytes, end } of sound) assert.equal(end.code, undefined, describeCase(bytes, end));
  const codes = new Map<string | undefined, number>();
  for (let i = 0; i < cases; i++) {
    const one = sound[Math.floor(random() * sound.length)]!;
    const bytes = i % 2 === 0 ? one.bytes : mutated(one.bytes, random);
    const wanted = i % 2 === 0 ? one.end : decodeSlowly(bytes);
    const longest = [2, 16, 60, 400][Math.floor(random() * 4)]!;
    const end = decode(Decoder, bytes, () => 1 + Math.floor(random() * longest));
    if (!isSame(end, wanted)) assert.fail(describeCase(bytes, end, wanted));
    codes.set(end.code, (codes.get(end.code) ?? 0) + 1);
  }
  for (const code of ["PROTOCOL_VIOLATION", "REPLY_TOO_LARGE"]) {
    assert((codes.get(code) ?? 0) > cases / 2000, `${code} in ${codes.get(code)} cases`);
  }
}

test("no memory is allocated for bytes that are only announced", () => {
  const random = randomFrom(seed);
  const Whole = Uint8Array;
  let taken = 0;
  class CountingDecoder extends Whole {
    constructor(...args: unknown[]) {
      super(...args as ConstructorParameters<typeof Uint8Array>);
      if (typeof args[0] === "number") taken += this.length;
    }
  }
  for (let i = casesOf("claims of much", 2000); i > 0; i--) {
    const claimed = Math.floor(random() * DEFAULT_MAX_REPLY_BYTES);
    const chunks = [encoder.encode(`$${claimed}\r\n`)];
    for (let left = Math.floor(random() * 4); left > 0; left--) {
      chunks.push(new Whole(Math.floor(random() * 3000)));
    }
    const given = chunks.reduce((sum, { length }) => sum + length, 0);
    taken = 0;
    globalThis.Uint8Array = CountingDecoder as unknown as typeof Uint8Array;
    try {
      const decoder = new ReplyDecoder(() => {});
      for (const chunk of chunks) decoder.push(chunk);
    } finally {
      globalThis.Uint8Array = Whole;
    }
    // The buffer is copied when it grows, in total at most three times its size.
    assert(taken >= 256 && taken <= 1024 + 4 * given, `${taken} bytes taken for ${given}`);
  }
});

test("a length that is too large, and an endless line, are refused before the bytes arrive", () => {
  const claims = [DEFAULT_MAX_REPLY_BYTES + 1, 999_999_999_999_999];
  for (const claim of claims) {
    const decoder = new ReplyDecoder(() => {});
    assert.throws(() => decoder.push(encoder.encode(`$${claim}\r\n`)), { code: "REPLY_TOO_LARGE" });
  }
  const decoder = new ReplyDecoder(() => {});
  const mebibyte = new Uint8Array(1024 * 1024).fill(0x2b);
  let given = 0;
  assert.throws(() => {
    for (; given < 100; given++) decoder.push(mebibyte);
  }, { code: "REPLY_TOO_LARGE" });
  assert.equal(given, DEFAULT_MAX_REPLY_BYTES / mebibyte.length);
});
