import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, Consumer, defineJobs, job, Kill, Snooze } from "../../mod.ts";
import { describeFailure } from "../../src/consumer/run/failure.ts";
import { type Answer, jobReply, script, type ScriptOptions } from "./scripted.ts";
import { until } from "./setting.ts";

const JID = "jid-jid-1";

/** Accepts every pushed job. */
const pushed: Answer = (line) => line.startsWith("PUSH") ? "+OK\r\n" : undefined;

/** Returns the job commands that a consumer sent for this job. */
async function linesOf(fields: Record<string, unknown>, options: ScriptOptions) {
  const one = await script({ answer: pushed, ...options });
  const listenerErrors: string[] = [];
  one.consumer.on("listenerError", ({ event }) => void listenerErrors.push(event));
  await one.give(jobReply(JID, fields));
  await until(() => one.commands.lines.some((line) => /^(ACK|FAIL)/.test(line)));
  await one.stop();
  const verbs = one.commands.lines.filter((line) => /^(PUSH|ACK|FAIL|MUTATE)/.test(line));
  return { lines: verbs, listenerErrors };
}

const fails = () => Promise.reject(new RangeError("too far"));

test("a backoff that throws or returns no seconds leaves the delay to the server", async () => {
  const wrong: (() => unknown)[] = [
    () => {
      throw new Error("no");
    },
    () => -1,
    () => NaN,
    () => "60",
    () => Promise.resolve(60),
  ];
  for (const backoff of wrong) {
    const { lines, listenerErrors } = await linesOf({ retry: 5 }, {
      setUp: (consumer) => consumer.register("x", fails, { backoff: backoff as () => number }),
    });
    assert.deepEqual([lines.map((line) => line.split(" ")[0]), listenerErrors], [["FAIL"], [
      "backoff",
    ]]);
  }
});

test("a job that its dead letter queue does not accept fails, and so dies", async () => {
  const { lines } = await linesOf({ retry: -1 }, {
    answer: (line) => line.startsWith("PUSH") ? "-ERR full\r\n" : undefined,
    setUp: (consumer) => consumer.register("x", fails, { deadLetter: "failed" }),
  });
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["PUSH", "FAIL"]);
  const sent = JSON.parse(lines[0]!.slice("PUSH ".length));
  const { retry_count, remaining, message, errtype } = sent.failure;
  assert.deepEqual([sent.queue, sent.jid, sent.retry], ["failed", JID, -1]);
  assert.deepEqual([retry_count, remaining, message, errtype], [0, -1, "too far", "RangeError"]);
});

test("each option of a handler replaces that of the catalogue", async () => {
  const calls: string[] = [];
  const jobs = defineJobs({
    x: job<[]>({ deadLetter: "failed", onDead: () => void calls.push("catalogue") }),
  });
  const { lines } = await linesOf({ retry: -1 }, {
    jobs,
    setUp(consumer) {
      consumer.register("x", fails, { onDead: () => void calls.push("handler") });
    },
  });
  assert.deepEqual(calls, ["handler"]);
  assert.match(lines[0]!, /^PUSH .*"queue":"failed"/);
});

test("an invalid policy is refused, in the catalogue and at registration", () => {
  const wrong = [{ backoff: 5 }, { onDead: "no" }, { deadLetter: "" }, { deadLetter: "a b" }];
  for (const options of wrong) {
    const name = Object.keys(options)[0]!;
    const refused = (error: unknown) => {
      assert(error instanceof ConfigError);
      assert.match(error.message, new RegExp(`option ${name} of jobs of type "x"`));
      return true;
    };
    assert.throws(() => new Consumer().register("x", fails, options as object), refused);
    assert.throws(() => defineJobs({ x: job(options as object) }), refused);
  }
});

test("a stop that aborts a job's last attempt reports it as dead", async () => {
  for (
    const [retry, name, deadLetter] of [[-1, "dead", "failed"], [0, "dropped", "failed"]] as const
  ) {
    const one = await script({
      answer: pushed,
      setUp: (consumer) =>
        consumer.register("x", () => new Promise(() => {}), { deadLetter, backoff: assert.fail }),
    });
    const ends: string[] = [];
    for (const event of ["fail", "dead", "dropped"] as const) {
      one.consumer.on(event, ({ error }) => {
        ends.push(`${event} ${(error as { code?: string }).code}`);
      });
    }
    await one.give(jobReply(JID, { retry }));
    await until(() => one.consumer.running.length === 1);
    const stopping = one.stop({ graceMs: 0 });
    await until(() => one.consumer.state === "stopping");
    one.clock.advance(250);
    const report = await stopping;
    assert.deepEqual(ends, [`${name} STOPPED`]);
    assert.deepEqual([report.dead, report.dropped], retry === 0 ? [0, 1] : [1, 0]);
    assert.equal(report.unfinished.length, 1);
    const verb = retry === 0 ? "FAIL" : "PUSH";
    assert(one.commands.lines.some((line) => line.startsWith(verb)));
  }
});

test("onDead is not called for a job that is discarded, snoozed or retried", async () => {
  for (const end of [() => new Snooze(5), fails]) {
    await linesOf({ retry: 5 }, {
      setUp: (consumer) => consumer.register("x", end, { onDead: () => assert.fail() }),
    });
  }
});

test("a killed job's failure has the outcome's message and its cause's type", () => {
  const cause = new RangeError("too far");
  const failure = describeFailure(
    { jid: JID, job: { backtrace: 1 } },
    new Kill("hopeless", { cause }),
  );
  assert.deepEqual([failure.type, failure.message, failure.backtrace!.length], [
    ...["RangeError", "hopeless", 1],
  ]);
  const thrown = describeFailure(
    { jid: JID, job: { backtrace: undefined } },
    new Snooze(5, undefined, { cause: "text" }),
  );
  assert.deepEqual([thrown.type, thrown.message], ["string", "the handler snoozed the job"]);
});
