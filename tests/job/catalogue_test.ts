import assert from "node:assert/strict";
import { it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { ConfigError, defineJobs, InvalidJobError, Job, job, type JobInput } from "../../mod.ts";
import { nearestName } from "../../src/internal/nearest.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { JobCatalogue } from "../../src/job/job_catalogue.ts";
import { validateArgs } from "../../src/job/validate.ts";
import { withCustom } from "../../src/job/with_custom.ts";
import { refusing, schemaOf } from "./schemas.ts";

const subject = { action: "enqueue job", type: "t" };

function sent(catalogue: JobCatalogue, input: JobInput): Record<string, unknown> {
  const { jid: _jid, created_at: _at, ...rest } = JSON.parse(encodeJob(catalogue.fill(input)).json);
  return rest;
}

it("fills in the defaults of a type, which the job's own options override", () => {
  const catalogue = new JobCatalogue(defineJobs({
    resize: job({
      queue: "images",
      retry: 5,
      reserveFor: 60,
      backtrace: 2,
      custom: { a: 1, b: 1 },
    }),
    plain: job(),
  }));
  const defaults = { queue: "images", retry: 5, reserve_for: 60, backtrace: 2 };
  const whole = { jobtype: "resize", args: [1], ...defaults, custom: { a: 1, b: 1 } };
  assert.deepEqual(sent(catalogue, { type: "resize", args: [1] }), whole);
  assert.deepEqual(sent(catalogue, new Job("resize", [1])), whole);
  const own = { queue: "q", retry: 0, reserveFor: 90, backtrace: 0, custom: { b: 2, c: 3 } };
  const expected = {
    ...{ jobtype: "resize", args: [], queue: "q", retry: 0, reserve_for: 90, backtrace: 0 },
    custom: { a: 1, b: 2, c: 3 },
  };
  assert.deepEqual(sent(catalogue, { type: "resize", ...own }), expected);
  assert.deepEqual(sent(catalogue, new Job("resize", [], own)), expected);
  // Jobs of a type without defaults are not changed.
  const plain = { type: "plain" };
  assert.equal(catalogue.fill(plain), plain);
});

it("treats a job without a queue as such, even if its queue property is the default queue", () => {
  const catalogue = new JobCatalogue({ resize: job({ queue: "images" }) });
  assert.equal(sent(catalogue, new Job("resize", [])).queue, "images");
  assert.equal(sent(catalogue, new Job("resize", [], { queue: "default" })).queue, "default");
  assert.equal(sent(catalogue, withCustom(new Job("resize", []), { bid: "b" })).queue, "images");
  assert.equal(new Job("resize", []).queue, "default");
});

it("keeps a job's id, time and creation date when it fills in defaults", () => {
  const catalogue = new JobCatalogue({ resize: job({ retry: 1 }) });
  const at = new Date("2030-01-01T00:00:00Z");
  const filled = catalogue.fill(new Job("resize", [], { jid: "12345678", at, createdAt: at }));
  assert.deepEqual([filled.jid, filled.at, filled.createdAt], ["12345678", at, at]);
});

it("leaves an invalid job as it is, for encoding to refuse", () => {
  const catalogue = new JobCatalogue({ t: job({ queue: "q", custom: { a: 1 } }) });
  const wrong: [job: unknown, code: string, path: string][] = [
    [null, "INVALID_JOB", ""],
    [{ type: "t", jobtype: "t" }, "INVALID_JOB", "jobtype"],
    [new Job("t", [], { queu: "q" } as object), "INVALID_JOB", "queu"],
    [{ type: "t", custom: [1] }, "INVALID_CUSTOM", "custom"],
    [{ type: "t", custom: null }, "INVALID_CUSTOM", "custom"],
    [{ type: "t", queue: null }, "INVALID_QUEUE", "queue"],
    [{ type: "t", retry: null }, "INVALID_RETRY", "retry"],
  ];
  for (const [input, code, path] of wrong) {
    assert.throws(() => encodeJob(catalogue.fill(input as JobInput)), { code, path });
  }
});

it("refuses an invalid definition when it is defined", () => {
  const wrong: [jobs: unknown, message: RegExp][] = [
    [undefined, /option jobs as it is not an object of definitions: got undefined/],
    [[], /not an object of definitions/],
    [{ t: undefined }, /"t" as its definition does not come from job\(\)/],
    [{ t: "t" }, /its definition does not come from job\(\)/],
    [{ t: job({ queue: "a b" }) }, /"t" .* queue name may only contain/],
    [{ t: job({ retry: -2 }) }, /retry is not an integer/],
    [{ t: job({ reserveFor: 1 }) }, /reserveFor is not/],
    [{ t: job({ backtrace: -1 }) }, /backtrace is not/],
    [{ t: job({ custom: { a: 1n } }) }, /custom\.a is a bigint/],
    [{ t: job({ queues: "q" } as object) }, /has no option "queues"/],
    [{ t: job({ at: new Date() } as object) }, /has no option "at"/],
    [{ t: { schema: {}, defaults: {} } }, /does not implement Standard Schema/],
    [{ "": job() }, /its type is not a non-empty string/],
  ];
  for (const [jobs, message] of wrong) {
    for (const use of [defineJobs, (it: never) => new JobCatalogue(it)]) {
      assert.throws(() => use(jobs as never), (error) => {
        assert(error instanceof ConfigError);
        assert.equal(error.code, "INVALID_OPTION");
        assert.match(error.message, message);
        return true;
      });
    }
  }
});

it("refuses a type that is not in the catalogue, and suggests one", () => {
  const catalogue = new JobCatalogue({ resize: job(), welcome: job() });
  assert.throws(() => catalogue.check({ type: "resise" }), (error) => {
    assert(error instanceof InvalidJobError);
    assert.deepEqual([error.code, error.path], ["INVALID_TYPE", "type"]);
    assert.match(error.message, /got "resise": did you mean "resize"\?$/);
    return true;
  });
  assert.throws(() => catalogue.check({ type: "toString" }), /got "toString"$/);
  assert.equal(catalogue.check({ type: "resize" }), undefined);
});

it("finds the most similar of several names, if one is similar", () => {
  const names = ["resize", "welcome", "sendMail"];
  assert.equal(nearestName("Resize", names), "resize");
  assert.equal(nearestName("sendmial", names), "sendMail");
  assert.equal(nearestName("wlcome", names), "welcome");
  assert.equal(nearestName("x", names), undefined);
  assert.equal(nearestName("x".repeat(1000), names), undefined);
  assert.equal(nearestName("x", []), undefined);
});

it("validates the whole array of arguments with zod and valibot", () => {
  const schemas = {
    zod: z.tuple([z.string(), z.object({ vip: z.boolean() })]),
    valibot: v.tuple([v.string(), v.object({ vip: v.boolean() })]),
  };
  for (const [name, schema] of Object.entries(schemas)) {
    const { schema: held } = job(schema);
    const args = ["ann", { vip: true }];
    assert.deepEqual(validateArgs(held!, args, subject), args, name);
    assert.throws(() => validateArgs(held!, ["ann", { vip: "yes" }], subject), (error) => {
      assert(error instanceof InvalidJobError);
      assert.deepEqual([error.code, error.path], ["INVALID_ARGS", "args[1].vip"], name);
      assert.equal(error.issues!.length, 1);
      const { message } = error.issues![0]!;
      assert.equal(
        error.message,
        `Cannot enqueue job as its args do not fit the schema of "t": ${message} (args[1].vip)`,
      );
      return true;
    });
    assert.throws(() => validateArgs(held!, [], subject), { code: "INVALID_ARGS" });
  }
});

it("awaits an asynchronous schema, and refuses what it refuses", async () => {
  const schema = z.tuple([z.string().refine((text) => Promise.resolve(text !== "taken"))]);
  const { schema: held } = job(schema);
  assert.deepEqual(await validateArgs(held!, ["free"], subject), ["free"]);
  const refused = Promise.resolve(validateArgs(held!, ["taken"], subject));
  await assert.rejects(refused, { code: "INVALID_ARGS", path: "args[0]" });
});

it("accepts a schema that is a function", () => {
  const schema = Object.assign(() => {}, refusing({ message: "no" }));
  assert.equal(defineJobs({ t: job(schema) }).t.schema, schema);
});

it("shows the first issues, shortened, and keeps all of them", () => {
  const issues = Array.from({ length: 5 }, (_, i) => ({ message: `${i}`.repeat(500), path: [i] }));
  assert.throws(() => validateArgs(refusing(...issues), [], subject), (error) => {
    assert(error instanceof InvalidJobError);
    assert.deepEqual(error.issues, issues);
    assert.equal(error.path, "args[0]");
    assert.match(error.message, /; and 2 more$/);
    assert(error.message.length < 800);
    return true;
  });
});

it("names the place of an issue in any form that the standard allows", () => {
  const ways: [path: PropertyKey[] | { key: PropertyKey }[] | undefined, shown: string][] = [
    [undefined, "args"],
    [[], "args"],
    [[1, "vip"], "args[1].vip"],
    [[{ key: 1 }, { key: "a b" }], 'args[1]["a b"]'],
    [[Symbol("s")], 'args["Symbol(s)"]'],
  ];
  for (const [path, shown] of ways) {
    assert.throws(() => validateArgs(refusing({ message: "no", path }), [], subject), {
      path: shown,
    });
  }
  assert.throws(() => validateArgs(refusing(), [], subject), { path: "args" });
});

it("reports a schema that fails itself, without quoting its error", async () => {
  const secret = "4111-1111";
  const thrown = new RangeError(secret);
  const broken = [
    schemaOf(() => {
      throw thrown;
    }),
    schemaOf(() => Promise.reject(thrown)),
  ];
  for (const schema of broken) {
    await assert.rejects(async () => await validateArgs(schema, [secret], subject), (error) => {
      assert(error instanceof InvalidJobError);
      assert.deepEqual([error.code, error.path], ["SCHEMA_FAILED", "args"]);
      assert.equal(error.cause, thrown);
      assert.equal(error.issues, undefined);
      assert.match(error.message, /failed to check its args: RangeError$/);
      return true;
    });
  }
  for (const verdict of [undefined, null, {}, { value: "text" }, 1, { issues: [null] }]) {
    const schema = schemaOf(() => verdict as never);
    assert.throws(() => validateArgs(schema, [], subject), { code: "SCHEMA_FAILED" });
  }
});
