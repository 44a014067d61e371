import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InvalidJobError } from "../../src/errors.ts";
import { decodeJob } from "../../src/job/decode.ts";
import { encodeJob } from "../../src/job/encode.ts";
import type { JobFields, JobInput } from "../../src/job/job.ts";
import { parseTimestamp } from "../../src/job/timestamp.ts";
import { parameters } from "../properties.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "\r\nFLUSH\r\n", "\0", "\u2028", '"\\', "\ufeff", "__proto__", "constructor"),
).filter((text) => text.isWellFormed());

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, 5e-324, 1.5e300, -1e21 + 0.5, 2 ** 53 - 1, 1 - 2 ** 53),
).filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value));

/**
 * Values that JSON and the server keep unchanged, including objects with property names such as
 * `__proto__`.
 */
const { value } = fc.letrec<{ value: unknown; array: unknown[]; object: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "json" },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(tie("value"), { maxLength: 5, depthIdentifier: "json" }),
  object: fc.array(fc.tuple(text, tie("value")), { maxLength: 5, depthIdentifier: "json" })
    .chain((entries) =>
      // Own properties, including `__proto__`, in objects with and without a prototype.
      fc.boolean().map((isBare) => {
        const object = isBare ? Object.create(null) : {};
        for (const [key, value] of entries) {
          Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
        }
        return object;
      })
    ),
}));

const date = fc.date({
  noInvalidDate: true,
  min: new Date("0000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
});

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const job: fc.Arbitrary<JobFields> = fc.record({
  jid: optional(fc.string({ unit: "binary", minLength: 8 }).filter((jid) => jid.isWellFormed())),
  type: text.filter((type) => type !== ""),
  args: fc.array(value),
  queue: optional(fc.stringMatching(/^[a-zA-Z0-9._-]{1,30}$/)),
  retry: optional(fc.integer({ min: -1, max: 2 ** 31 - 1 })),
  at: optional(date),
  reserveFor: optional(fc.integer({ min: 60, max: 86_400 })),
  backtrace: optional(fc.nat()),
  custom: optional(fc.dictionary(text, value)),
  createdAt: optional(date),
});

/** Converts a value to what JSON should make of it: own properties only, dates as text. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  // As a list, because `deepEqual` would treat an own `__proto__` of an object as its prototype.
  return Object.entries(value).map(([key, inner]) => [key, plain(inner)]).sort(byKey);
}

function byKey([a]: unknown[], [b]: unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

test("the server gets the values that were passed, and returns them", () => {
  fc.assert(
    fc.property(job, (job) => {
      const { jid, json } = encodeJob(job);
      assert(!/[\r\n]/.test(json));
      const sent = JSON.parse(json);
      assert.deepEqual(plain(sent.args), plain(job.args));
      assert.deepEqual(plain(sent.custom ?? {}), plain(job.custom ?? {}));
      assert.deepEqual(
        [sent.jid, sent.jobtype, sent.queue, sent.retry, sent.at, sent.reserve_for, sent.backtrace],
        [
          ...[job.jid ?? jid, job.type, job.queue ?? "default", job.retry ?? 25],
          ...[job.at?.toISOString(), job.reserveFor, job.backtrace],
        ],
      );
      const back = decodeJob(json);
      assert.deepEqual(
        [back.jid, back.type, plain(back.args), back.queue, back.at, plain(back.custom)],
        [jid, job.type, plain(job.args), job.queue ?? "default", job.at, plain(job.custom ?? {})],
      );
      assert.deepEqual(back.createdAt ?? job.createdAt, back.createdAt);
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    }),
    parameters("jobs", 2000),
  );
});

/** Creates values that JSON or the server cannot represent, new ones for each case. */
const unsound: readonly (() => unknown)[] = [
  ...[NaN, Infinity, 2 ** 53, -(2 ** 53), 1e21, 1n, 2n ** 70n].map((value) => () => value),
  ...["\ud800", "a\udfffb", `${"x".repeat(50)}\ud83d`].map((value) => () => value),
  ...[undefined, Symbol("x"), () => 1].map((value) => () => value),
  () => new Map([[1, 2]]),
  () => new Set(),
  () => /x/,
  () => new Date(NaN),
  () => new Uint8Array(2),
  () => new Promise(() => {}),
];

/** Puts `inner` into nested values. The keys lead to it. */
function wrapped(inner: unknown, keys: readonly (string | number)[], around: unknown): unknown {
  return keys.reduceRight<unknown>((value, key) => {
    if (typeof key === "number") return [...Array.from({ length: key }, () => around), value];
    return { before: around, ...{ [key]: value } };
  }, inner);
}

/** Follows a path such as `args[0].a["b c"]` from its root. */
function follow(root: unknown, path: string): unknown {
  let value = root;
  for (
    const [, index, name, quoted] of path.matchAll(/\[(\d+)\]|\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\]/g)
  ) {
    const key = index ?? name ?? JSON.parse(quoted!);
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const key = fc.oneof(
  fc.nat(3),
  fc.string({ maxLength: 5 }),
  fc.constantFrom("a", "when", "a b", 'q"', "__proto__", "0"),
);

test("values that JSON or the server cannot represent are refused, with their path", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...unsound),
      fc.array(key, { maxLength: 6 }),
      value,
      fc.constantFrom("args", "custom"),
      (make, keys, around, place) => {
        const bad = make();
        const whole = place === "args"
          ? [around, wrapped(bad, keys, around)]
          : { first: around, it: wrapped(bad, keys, around) };
        const input = { type: "t", [place]: whole } as JobInput;
        assert.throws(() => encodeJob(input), (error) => {
          assert(error instanceof InvalidJobError, `${error}`);
          assert.equal(error.code, place === "args" ? "INVALID_ARGS" : "INVALID_CUSTOM");
          assert(error.path.startsWith(place), error.path);
          assert(Object.is(follow(whole, error.path), bad), `${error.path} of ${String(keys)}`);
          return true;
        });
      },
    ),
    parameters("values that are refused", 3000),
  );
});

test("times before 1970 are parsed correctly, also several in the same minute", () => {
  for (const text of ["1969-12-31T23:59:58.500Z", "1969-12-31T23:59:59.984Z"]) {
    assert.equal(parseTimestamp(text)?.toISOString(), text);
  }
});

test("dates become text, as in JSON", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      const { args } = JSON.parse(encodeJob({ type: "t", args: [date, { date }] }).json);
      assert.deepEqual(args, [date.toJSON(), { date: date.toJSON() }]);
    }),
    parameters("dates", 500),
  );
});
