import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { marshal, marshalText } from "../../src/server/go/encode.ts";
import { quote, quoteByte } from "../../src/server/go/quote.ts";
import { syntaxFault } from "../../src/server/go/syntax.ts";
import {
  bytesOf,
  compareTexts,
  cutBytes,
  textOf,
  toUpper,
  trimSpace,
  utf8Length,
} from "../../src/server/go/text.ts";
import { parseTime, Timestamps, writeTime } from "../../src/server/go/time.ts";
import { decode } from "../../src/server/go/decode.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { value } from "../contract/differential_texts.ts";

/** Decodes JSON of any type. */
const parse = (text: string) => decode(text, "interface {}");

/** The results of programs in Go. */

const AS = ` as "2006-01-02T15:04:05.999999999Z07:00": cannot parse `;

const TIMES: readonly (readonly [text: string, result: string | number])[] = [
  ["2026-01-02T03:04:05Z", Date.UTC(2026, 0, 2, 3, 4, 5)],
  ["2026-01-02T03:04:05.5+01:30", Date.UTC(2026, 0, 2, 1, 34, 5, 500)],
  ["2026-01-02T3:04:05,25Z", Date.UTC(2026, 0, 2, 3, 4, 5, 250)],
  ["2026-01-02T03:04:05.0000015999Z", Date.UTC(2026, 0, 2, 3, 4, 5) + 0.001599],
  ["2026-01-02T03:04:05-24:60", Date.UTC(2026, 0, 3, 4, 4, 5)],
  ["0000-02-29T00:00:00Z", new Date("0000-02-29T00:00:00Z").getTime()],
  ["", `${AS}"" as "2006"`],
  ["20x6-01-01T00:00:00Z", `${AS}"20x6-01-01T00:00:00Z" as "2006"`],
  ["2026/01-01T00:00:00Z", `${AS}"/01-01T00:00:00Z" as "-"`],
  ["2026-1-01T00:00:00Z", `${AS}"1-01T00:00:00Z" as "01"`],
  ["2026-13-01T00:00:00Z", ": month out of range"],
  ["2026-01-32T00:00:00Z", ": day out of range"],
  ["2026-02-29T00:00:00Z", ": day out of range"],
  ["2026-01-00T00:00:00Z", ": day out of range"],
  ["2026-01-01t00:00:00Z", `${AS}"t00:00:00Z" as "T"`],
  ["2026-01-01T24:00:00Z", ": hour out of range"],
  ["2026-01-01T00:60:00Z", ": minute out of range"],
  ["2026-01-01T00:00:60Z", ": second out of range"],
  ["2026-01-01T00:00:00", `${AS}"" as "Z07:00"`],
  ["2026-01-01T00:00:00.Z", `${AS}".Z" as "Z07:00"`],
  ["2026-01-01T00:00:00+25:00", ": time zone offset hour out of range"],
  ["2026-01-01T00:00:00*00:61", ": time zone offset minute out of range"],
  ["2026-01-01T00:00:00*00:00", `${AS}"*00:00" as "Z07:00"`],
  ["2026-02-30T00:00:00Z\u00e9", String.raw`: extra text: "\xc3\xa9"`],
];

for (const [text, result] of TIMES) {
  test(`the time ${JSON.stringify(text)} is parsed like in Go`, () => {
    if (typeof result === "number") return assert.equal(parseTime(text), result);
    const shown = text.replace("\u00e9", String.raw`\xc3\xa9`);
    assert.throws(() => parseTime(text), { message: `parsing time "${shown}"${result}` });
  });
}

test("times are written without trailing zeros, and no two are equal", () => {
  assert.equal(writeTime(Date.UTC(2026, 0, 1)), "2026-01-01T00:00:00Z");
  assert.equal(writeTime(Date.UTC(2026, 0, 1, 0, 0, 10, 120)), "2026-01-01T00:00:10.12Z");
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 0, 0, 10));
  const stamps = new Timestamps(clock);
  assert.deepEqual([stamps.next(), stamps.next()], [
    "2026-01-01T00:00:10Z",
    "2026-01-01T00:00:10.000000001Z",
  ]);
  clock.advance(1);
  for (let i = 0; i < 10; i++) stamps.next();
  assert.equal(stamps.next(), "2026-01-01T00:00:10.00100001Z");
});

const QUOTES: readonly (readonly [bytes: string, shown: string])[] = [
  ['a"\\', String.raw`"a\"\\"`],
  ["\x00\x07\b\t\n\v\f\r\x1b\x7f", String.raw`"\x00\a\b\t\n\v\f\r\x1b\x7f"`],
  ["\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd", '"é€😀\ufffd"'],
  ["\xc2\xa0\xc2\x85\xc2\xad\xe2\x80\xa8", String.raw`"\u00a0\u0085\u00ad\u2028"`],
  ["\xff\xe2\x82\xf4\x8f\xbf\xbf", String.raw`"\xff\xe2\x82\U0010ffff"`],
];

test("strings are quoted like with %q, and bytes like in encoding/json", () => {
  for (const [bytes, shown] of QUOTES) {
    assert.equal(quote(textOf(Buffer.from(bytes, "latin1"))), shown);
  }
  const shown = [0x27, 0x22, 0x5c, 0xc3, 0x80, 0xad, 0x0a].map(quoteByte);
  assert.deepEqual(shown, ["'\\''", "'\"'", "'\\\\'", "'Ã'", "'\\u0080'", "'\\u00ad'", "'\\n'"]);
});

test("any bytes survive a round trip through a string", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.constantFrom("é", "€", "😀", "\xff", "\xe2\x82", "\xed\xa0\x80", "\xc0\x80", "a"))
      .map((parts) =>
        Buffer.concat(
          parts.map((part) => Buffer.from(part, /[é€😀]/.test(part) ? "utf8" : "latin1")),
        )
      ),
  );
  fc.assert(
    fc.property(bytes, (all) => {
      assert.deepEqual([...bytesOf(textOf(all))], [...all]);
      const text = textOf(all).toWellFormed();
      assert.equal(utf8Length(text), Buffer.byteLength(text));
      assert.deepEqual([...bytesOf(cutBytes(text, 7))], [...Buffer.from(text).subarray(0, 7)]);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test("strings are compared by bytes, trimmed and capitalized like in Go", () => {
  const texts = ["", "A", "a", "ab", "é", "\ud7ff", "\ue000", "\uffff", "😀", "😁"];
  for (const [i, a] of texts.entries()) {
    for (const [j, b] of texts.entries()) {
      assert.equal(Math.sign(compareTexts(a, b)), Math.sign(i - j), `${a} ${b}`);
    }
  }
  assert.equal(trimSpace("\u00a0\u0085\u3000 \t\ufeffx \u2028"), "\ufeffx");
  assert.equal(toUpper("straße ﬁ ſŉ\udcff"), "STRAßE ﬁ Sŉ\ufffd");
  assert.equal(marshalText("\udcff<\u2029\ufffd"), '"\\ufffd\\u003c\\u2029\ufffd"');
});

test("valid JSON is parsed like in JavaScript, and invalid JSON has an error", () => {
  const damage = fc.option(
    fc.tuple(fc.nat(100), fc.nat(2), fc.constantFrom(...'{}[]",:\\-+0.eEtn x\u0001é')),
  );
  fc.assert(
    fc.property(value, damage, (json, broken) => {
      let text = json;
      if (broken !== null) {
        const at = broken[0] % (json.length + 1);
        text = json.slice(0, at) + broken[2] + json.slice(at + broken[1]);
      }
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        const fault = syntaxFault(text);
        assert(fault !== undefined, text);
        return assert.throws(() => parse(text), { name: "Error", message: fault });
      }
      assert.equal(syntaxFault(text), undefined, text);
      let got: unknown;
      try {
        got = parse(text);
      } catch (error) {
        const { message } = error as Error;
        return assert.match(message, /^json: cannot unmarshal number .* of type float64$/);
      }
      assert.deepEqual(got, wellFormed(expected));
      assert.deepEqual(parse(marshal(got)), got);
    }),
    { seed: 1, numRuns: 3000 },
  );
});

/** Replaces invalid parts of strings, including keys. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]);
  return Object.fromEntries(fields);
}

test("structs are decoded like in Go", () => {
  const type = {
    name: "a.B",
    fields: {
      text: "string",
      count: "int",
      small: "uint8",
      texts: "[]string",
      map: "map[string]interface {}",
      inner: { name: "c.D", fields: { count: "int64" } },
    },
  } as const;
  const read = (json: string) =>
    Object.fromEntries(
      Object.entries(decode(json, type) as object).filter(([, item]) => item !== undefined),
    );
  assert.deepEqual(read(`{"TEXT":"a","text":null,"teXt":"b","other":[1e999]}`), { text: "b" });
  assert.deepEqual(read(`{"count":-0,"small":255}`), { count: 0, small: 255 });
  assert.deepEqual(read(`{"count":9223372036854775807}`), { count: 9223372036854775807n });
  assert.deepEqual(read(`{"texts":["a","b"],"texts":[null,"c",null]}`), { texts: ["a", "c", ""] });
  assert.deepEqual(read(`{"map":{"a":1,"b":2},"map":{"b":3}}`), { map: { a: 1, b: 3 } });
  assert.deepEqual(read(`{"map":{"a":1},"map":null}`), {});
  assert.deepEqual(read(`{"inner":{"count":1},"inner":{}}`).inner, { count: 1 });
  const faults: readonly (readonly [json: string, fault: string])[] = [
    [`{"count":"x","text":1}`, "string into Go struct field B.count of type int"],
    [`{"inner":{"count":1.5}}`, "number 1.5 into Go struct field D.inner.count of type int64"],
    [`{"inner":{},"small":-1}`, "number -1 into Go struct field B.small of type uint8"],
    [`{"texts":[{}]}`, "object into Go struct field B.texts of type string"],
    [`[1e999]`, "array into Go value of type a.B"],
  ];
  for (const [json, fault] of faults) {
    assert.throws(() => decode(json, type), { message: `json: cannot unmarshal ${fault}` });
  }
});

test("a short string with escapes is decoded like a long one", () => {
  const part = fc.constantFrom(
    ...["\\n", "\\\\", '\\"', "\\/", "\\u00e9", "\\uD83D", "\\ude00", "\\u0000", "\\b\\f\\t\\r"],
    ...["a", "é", "😀", "\ud83d", "\ude00", "\\x", "\\u12", "\\u00g0", "\\"],
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const read = (text: string) => {
        try {
          return parse(`"${text}"`);
        } catch {
          return undefined;
        }
      };
      const text = parts.join("");
      const behind = "x".repeat(100);
      const short = read(text);
      const long = read(text + behind);
      // A backslash at the end would escape the following character.
      if (text.endsWith("\\") || /\\u\w{0,3}$/.test(text)) return;
      assert.equal(long, short === undefined ? undefined : short + behind);
    }),
    { seed: 1, numRuns: 3000 },
  );
});
