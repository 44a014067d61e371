import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../../src/server/go/text.ts";
import type { Sizes } from "../../src/server/large/bytes.ts";
import { readLargeJob, readLargeJobs } from "../../src/server/large/large_jobs.ts";
import { Members } from "../../src/server/large/members.ts";
import { largePush } from "../../src/server/large/push.ts";
import { LargeLine } from "../../src/server/line.ts";
import type { Manager } from "../../src/server/manager.ts";
import { LargeJob } from "../../src/server/payload.ts";
import { runToEnd } from "../../src/server/slices.ts";
import { readJob, readJobs, writeJob } from "../../src/server/stored_job.ts";
import { job, value } from "../contract/differential_texts.ts";

/** So small that nearly everything is large. */
const SIZES: Sizes = { piece: 48, frame: 1024 * 1024, raw: 16 };

const LONG = "long \\ud83d\\ude00 é€😀 ".repeat(9);

const key = fc.constantFrom(
  ...[
    '"a"',
    '"b"',
    '"ab"',
    '"\\u0061"',
    '"é"',
    '"😀"',
    '"\uffff"',
    '"__proto__"',
    '"10"',
    '"9"',
    '"<"',
  ],
);

const nested = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "medium", depthIdentifier: "json" },
    value,
    fc.constantFrom(
      `"${LONG}"`,
      `"${"\\ud83d".repeat(20)}"`,
      "1.50",
      "1e21",
      "-0",
      "1e-7",
      "12345678901234567890",
    ),
    fc.array(tie("any"), { minLength: 2, maxLength: 8, depthIdentifier: "json" }).map((items) =>
      `[ ${items.join(" , ")}]`
    ),
    fc.array(fc.tuple(key, tie("any")), { maxLength: 8 }).map((members) =>
      `{${members.map(([name, item]) => `${name} :${item}`).join(", ")} }`
    ),
  ),
})).any as fc.Arbitrary<string>;

const damage = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.nat(1000),
      fc.nat(2),
      fc.constantFrom("{", "}", '"', ",", ":", "\\", "x", "\x01", "\xff", "\xe2\x82"),
    ),
  },
);

const lines = fc.tuple(
  fc.oneof(
    job,
    nested.map((args) =>
      `{"jid":"large-job","ARGS":[],"jobtype":"x","other":${args},"args":[${args},1]}`
    ),
    nested.map((args) => `{"args":[${args}],"jid":"large-job","args":[2,${args}],"retry":1}`),
    nested,
  ),
  damage,
).map(([text, broken]) => {
  const bytes = Array.from(bytesOf(text), (byte) => String.fromCharCode(byte)).join("");
  const at = broken === null ? 0 : broken[0] % (bytes.length + 1);
  const whole = broken === null
    ? bytes
    : bytes.slice(0, at) + broken[2] + bytes.slice(at + broken[1]);
  return Uint8Array.from(whole, (character) => character.charCodeAt(0));
});

/** Returns the stored jobs, or the error. */
function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}

test("a large job is parsed like a small one, for any bytes", { timeout: 60_000 }, () => {
  let large = 0;
  fc.assert(
    fc.property(lines, (bytes) => {
      const expected = outcome(() => String(writeJob(readJob(textOf(bytes)))));
      const got = outcome(() => {
        const payload = writeJob(runToEnd(readLargeJob(bytes, 0, SIZES)));
        if (payload instanceof LargeJob) large++;
        return String(payload);
      });
      if (isTooLarge(got)) return;
      assert.equal(got, expected);
    }),
    { seed: 1, numRuns: 600 },
  );
  assert(large > 60, `${large} were large`);
});

test("the jobs of a large PUSHB are parsed like those of a small one", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 5 }), fc.constantFrom(",", " , "), (all, comma) => {
      const text = `[${all.map(textOf).join(comma)}]`;
      const expected = outcome(() => readJobs(text).map((one) => String(writeJob(one))).join());
      const got = outcome(() =>
        runToEnd(readLargeJobs(bytesOf(text), 0, SIZES)).map((one) => String(writeJob(one))).join()
      );
      if (isTooLarge(got)) return;
      assert.equal(got, expected);
    }),
    { seed: 1, numRuns: 300 },
  );
});

/** With these small sizes, keys and numbers of the lines above are too large. */
function isTooLarge(message: string): boolean {
  return /^a (key|number) in args is larger/.test(message);
}

const MEBIBYTE = 1024 * 1024;
const PUSH = `PUSH {"jid":"attack-000001","jobtype":"x",`;

/** 2 MiB each. */
const ATTACKS: Readonly<Record<string, string>> = {
  "digits": `${PUSH}"args":[],"retry":${"9".repeat(2 * MEBIBYTE)}}`,
  "spaces": `${PUSH}${" ".repeat(2 * MEBIBYTE)}"args":[]}`,
  "objects": `${PUSH}"args":[{}${",{}".repeat(2 * MEBIBYTE / 3)}]}`,
  "arrays in arrays": `${PUSH}"args":${"[".repeat(9000)}${"1,".repeat(MEBIBYTE)}1${
    "]".repeat(9000)
  }}`,
  "keys": `${PUSH}"args":[{"":0${
    Array.from({ length: 2 * MEBIBYTE / 9 }, (_, i) => `,"${(i * 7919 % 300_007).toString(36)}":0`)
      .join("")
  }}]}`,
  "bytes that are no UTF-8": `${PUSH}"args":["${"\udcff".repeat(2 * MEBIBYTE)}"]}`,
  "a text": `${PUSH}"args":["${"\\ud83d\\ude00".repeat(MEBIBYTE / 6)}"]}`,
  "another text": `${PUSH}"${"x".repeat(2 * MEBIBYTE)}":[]}`,
  "no jobs": `PUSHB [{}${",{}".repeat(2 * MEBIBYTE / 3)}]`,
  "jobs": `PUSHB [${
    Array.from({ length: 30_000 }, (_, i) => `{"jid":"job-${10_000 + i}","jobtype":"x","args":[]}`)
      .join()
  }]`,
  "an end that is missing": `PUSHB [{}${",{}".repeat(2 * MEBIBYTE / 3)}`,
};

for (const [name, line] of Object.entries(ATTACKS)) {
  test(`a line of ${name} is processed in small steps`, () => {
    let [pushed, pushedBefore, longest, steps] = [0, 0, 0, 0];
    const manager = { push: () => void pushed++ } as unknown as Manager;
    const bytes = bytesOf(line);
    const work = largePush(manager, new LargeLine([bytes]))!;
    for (let isDone = false; !isDone; steps++) {
      try {
        isDone = work.next().done === true;
      } catch (error) {
        assert.match((error as Error).message, /^invalid JSON: /);
        isDone = true;
      }
      longest = Math.max(longest, pushed - pushedBefore);
      pushedBefore = pushed;
    }
    assert(longest <= 64, `${longest} jobs in one step`);
    // It is searched in steps of 128 KiB, and rewritten in steps of 32 KiB.
    const isWritten = line.startsWith(`${PUSH}"args":[`) && name !== "digits";
    const most = isWritten ? 32 * 1024 : 128 * 1024;
    assert(steps >= bytes.length / most, `${steps} steps`);
  });
}

test("each comparison of long keys counts as work, even for keys with escapes", () => {
  const keys = ["b", "a"].map((end) => `"\\n${"x".repeat(MEBIBYTE)}${end}"`);
  const bytes = bytesOf(keys.join(""));
  const members = new Members(bytes);
  const half = bytes.length / 2;
  for (const start of [0, half]) {
    members.add({ keyStart: start, keyEnd: start + half, start: 0, end: 0 });
  }
  const work = members.sorted();
  let steps = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) steps++;
  assert.deepEqual([...step.value], [1, 0]);
  // Compared once for sorting, and once for finding duplicate keys.
  assert(steps >= 2, `${steps} steps`);
});
