import assert from "node:assert/strict";
import { test } from "node:test";
import {
  defineJobs,
  InvalidJobError,
  Job,
  job,
  type JobInput,
  type JobOptions,
} from "../../mod.ts";
import { encodeCore } from "../../src/job/encode_core.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { JobCatalogue } from "../../src/job/job_catalogue.ts";
import { withCustom } from "../../src/job/with_custom.ts";

function sent(input: JobInput): Record<string, unknown> {
  return JSON.parse(encodeJob(input).json);
}

/** Returns the job that is sent for these options, from a plain object and from a `Job`. */
function bothWays(
  options: JobOptions,
): [plain: Record<string, unknown>, made: Record<string, unknown>] {
  return [sent({ type: "x", ...options }), sent(new Job("x", [], options))];
}

function fault(input: JobInput, encode = encodeJob): InvalidJobError {
  try {
    encode(input);
  } catch (error) {
    assert(error instanceof InvalidJobError, String(error));
    return error;
  }
  return assert.fail("was taken");
}

test("a delay is a time from now, in milliseconds or as text", () => {
  const cases = [[0, 0], [1500, 1500], ["500ms", 500], ["90s", 90_000], ["1.5m", 90_000]] as const;
  const more = [["5m", 300_000], ["2h", 7_200_000], ["1d", 86_400_000]] as const;
  for (const [delay, ms] of [...cases, ...more]) {
    const before = Date.now();
    for (const { at, delay: none } of bothWays({ delay })) {
      const time = Date.parse(at as string) - ms;
      assert(time >= before && time <= Date.now(), `${delay}: ${at}`);
      assert.equal(none, undefined);
    }
  }
  assert.equal(sent({ type: "x" })["at"], undefined);
});

test("unique and expires become the keys in custom that Enterprise reads", () => {
  const time = new Date("2030-01-31T12:00:00Z");
  const cases: [JobOptions, Record<string, unknown>][] = [
    [{ unique: { for: 600 } }, { unique_for: 600, unique_until: "success" }],
    [{ unique: { for: "10m", until: "start" } }, { unique_for: 600, unique_until: "start" }],
    [{ expires: time }, { expires_at: "2030-01-31T12:00:00.000Z" }],
    [{ expires: "1500ms" }, { expires_in: 2 }],
    [
      { custom: { tenant: "a", unique_for: 1 }, unique: { for: 60 }, expires: "1h" },
      { tenant: "a", unique_for: 60, unique_until: "success", expires_in: 3600 },
    ],
  ];
  for (const [options, custom] of cases) {
    for (const { custom: is, unique, expires } of bothWays(options)) {
      assert.deepEqual([is, unique, expires], [custom, undefined, undefined]);
    }
  }
});

test("invalid ones are reported with their path, for a Job when it is encoded", () => {
  const cases: [options: unknown, path: string, message: RegExp][] = [
    [{ delay: -1 }, "delay", /milliseconds or a text like "5m".*got -1$/],
    [{ delay: "5 minutes" }, "delay", /got "5 minutes"$/],
    [{ delay: null }, "delay", /got null$/],
    [{ delay: NaN }, "delay", /got NaN$/],
    [{ delay: 5, at: new Date() }, "delay", /without at: got 5$/],
    [{ delay: Infinity }, "at", /its at is not a valid Date/],
    [{ unique: 600 }, "unique", /of for \(seconds .*got 600$/],
    [{ unique: null }, "unique", /got null$/],
    [{ unique: {} }, "unique", /got an object$/],
    [{ unique: { for: 0 } }, "unique", /got an object$/],
    [{ unique: { for: 1.5 } }, "unique", /got an object$/],
    [{ unique: { for: "500ms" } }, "unique", /got an object$/],
    [{ unique: { for: 60, until: "end" } }, "unique", /got an object$/],
    [{ unique: { for: 60, untl: "start" } }, "unique", /got an object$/],
    [{ expires: 600 }, "expires", /a Date or a text like "10m": got 600$/],
    [{ expires: null }, "expires", /got null$/],
    [{ expires: new Date(NaN) }, "expires", /got a Date$/],
    [{ expires: "0s" }, "expires", /got "0s"$/],
    [{ expires: "never" }, "expires", /got "never"$/],
    [{ unique: { for: 60 }, custom: 7 }, "custom", /its custom is not a plain object/],
  ];
  for (const [options, path, message] of cases) {
    const plain = fault({ type: "x", ...options as JobOptions });
    const made = fault(new Job("x", [], options as JobOptions));
    for (const error of [plain, made]) {
      assert.equal(error.path, path);
      assert.equal(error.code, `INVALID_${path.toUpperCase()}`);
      assert.match(error.message, message);
    }
    // The smallest producer refuses them in the same way.
    assert.equal(fault({ type: "x", ...options as JobOptions }, encodeCore).message, plain.message);
    // In a batch and with a catalogue they stay invalid.
    assert.equal(
      fault(withCustom(new Job("x", [], options as JobOptions), { bid: "b" })).path,
      path,
    );
    const catalogue = new JobCatalogue(defineJobs({ x: job({ retry: 1 }) }));
    assert.equal(fault(catalogue.fill(new Job("x", [], options as JobOptions))).path, path);
  }
});

test("unique and expires of a type are defaults for its jobs", () => {
  const catalogue = new JobCatalogue(defineJobs({
    sync: job<[id: number]>({ unique: { for: "10m", until: "start" }, expires: "1h" }),
  }));
  const customOf = (input: JobInput) => sent(catalogue.fill(input))["custom"];
  const all = { unique_for: 600, unique_until: "start", expires_in: 3600 };
  assert.deepEqual(customOf({ type: "sync", args: [1] }), all);
  assert.deepEqual(customOf(new Job("sync", [1])), all);
  assert.deepEqual(customOf({ type: "sync", args: [1], custom: { a: 1 } }), { ...all, a: 1 });
  const expires = new Date("2030-01-31T12:00:00Z");
  for (
    const make of [
      (o: JobOptions) => ({ type: "sync", ...o }),
      (o: JobOptions) => new Job("sync", [], o),
    ]
  ) {
    assert.deepEqual(customOf(make({ unique: { for: 60 } })), {
      ...{ unique_for: 60, unique_until: "success", expires_in: 3600 },
    });
    assert.deepEqual(customOf(make({ custom: { expires_at: "2030-01-31T12:00:00Z" } })), {
      ...{ unique_for: 600, unique_until: "start", expires_at: "2030-01-31T12:00:00Z" },
    });
    assert.deepEqual(customOf(make({ expires })), {
      ...{ unique_for: 600, unique_until: "start", expires_at: "2030-01-31T12:00:00.000Z" },
    });
  }
  for (const defaults of [{ unique: { for: 0 } }, { expires: "soon" }, { delay: "5m" }]) {
    assert.throws(() => defineJobs({ x: job(defaults as never) }), { code: "INVALID_OPTION" });
  }
});

test("an unknown property is refused with a suggestion", () => {
  const cases = [
    ["reserve_for", "reserveFor"],
    ["retries", "retry"],
    ["quue", "queue"],
    ["uniqe", "unique"],
    ["unique_for", "unique"],
    ["expiresAt", "expires"],
    ["wait", "delay"],
    ["jobtype", "type"],
    ["job_id", "jid"],
    ["dealy", "delay"],
  ] as const;
  for (const [name, meant] of cases) {
    for (const input of [{ type: "x", [name]: 1 }, new Job("x", [], { [name]: 1 })]) {
      const error = fault(input as JobInput);
      assert.equal(error.path, name);
      assert.match(error.message, new RegExp(`did you mean "${meant}"\\?$`));
    }
  }
  assert.match(fault({ type: "x", zzzzzzzz: 1 } as JobInput).message, /put it into "custom"$/);
});

test("misspelled Enterprise keys in custom are refused", () => {
  const misspelled = {
    unique_for: ["uniqe_for", "uniqueFor", "unique-for", "Unique_For", "unqiue_for"],
    unique_until: ["uniqueUntil", "uniqe_until"],
    expires_at: ["expiresAt", "expire_at"],
    expires_in: ["expiresIn", "expire_in"],
  };
  for (const [right, wrong] of Object.entries(misspelled)) {
    for (const name of wrong) {
      const error = fault({ type: "x", custom: { [name]: 600 } });
      assert.equal(error.path, `custom.${name}`);
      assert.match(error.message, new RegExp(`did you mean custom.${right}, or`));
    }
  }
  // Names that are free to use.
  const own = [
    "unique_key",
    "uniqueId",
    "unique",
    "expired_at",
    "expires",
    "expiry",
    "until",
    "for",
  ];
  const custom = Object.fromEntries(own.map((name) => [name, 1]));
  const right = { unique_for: 1, unique_until: "start", expires_in: 1, track: 1, ...custom };
  assert.deepEqual(sent({ type: "x", custom: right })["custom"], right);
});
