import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectionLostError,
  type Handler,
  type Job,
  JobNotFoundError,
  Kill,
  RetryAfter,
  ServerError,
  Snooze,
} from "../../mod.ts";
import { type Answer, bulk, jobReply, script, type ScriptOptions, serve } from "./scripted.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { pass, until } from "./setting.ts";

/** Number of waiting reports at which fetching stops, as in `session.ts`. */
const MAX_UNREPORTED = 1000;

/** A handler for each result of a job, by type. */
const HANDLERS: Record<string, Handler> = {
  done() {},
  fails() {
    throw new Error("no");
  },
  killed() {
    throw new Kill();
  },
  later() {
    throw new Snooze(60);
  },
  again() {
    throw new RetryAfter(60);
  },
};

/** Returns a scripted consumer with these handlers, and the reports that it dropped. */
async function outbox(
  answer: Answer,
  before: (job: Job) => void | Promise<void> = () => {},
  options: Partial<ScriptOptions> = {},
) {
  const unreported: { jid: string; error: unknown }[] = [];
  const starts: string[] = [];
  const one = await script({
    ...options,
    answer,
    reconnect: { initialMs: 10, maxMs: 10 },
    commandTimeoutMs: 1e9,
    setUp(consumer) {
      for (const [type, handler] of Object.entries(HANDLERS)) {
        consumer.register(type, async (job, context) => {
          await before(job);
          return handler(job, context);
        });
      }
      consumer.on("start", ({ job }) => starts.push(job.type));
      consumer.on("unreported", ({ job, error }) => unreported.push({ jid: job.jid, error }));
    },
  });
  return {
    ...one,
    unreported,
    starts,
    /**
     * Cuts the connection for commands, and returns the lines on the one that replaces it, without
     * HELLO.
     */
    async cut(answerThen: Answer = () => undefined): Promise<() => string[]> {
      const { peers, clock } = one;
      const { length } = peers;
      (length === 2 ? one.commands : peers.at(-1)!).end();
      await settle();
      clock.advance(10);
      await until(() => peers.length > length);
      const again = peers.at(-1)!;
      serve(again, answerThen);
      await settle();
      return () => verbs(again.lines);
    },
  };
}

/** Returns the verb and the job id of each command. */
function verbs(lines: readonly string[]): string[] {
  return lines.slice(1).map((line) => `${line.split(" ")[0]} ${/jid-\w+/.exec(line)?.[0]}`);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

const silence: Answer = () => "";

test("a result without an answer is sent again, in the same order", async () => {
  const { give, stop, cut, commands, unreported, starts } = await outbox(silence);
  for (const jobtype of ["done", "fails", "done"]) {
    await give(jobReply(`jid-0000${starts.length}`, { jobtype }));
    await until(() => commands.lines.length === starts.length + 1);
  }
  const expected = ["ACK jid-00000", "FAIL jid-00001", "ACK jid-00002"];
  assert.deepEqual(verbs(commands.lines), expected);
  const silent = await cut(silence);
  assert.deepEqual(silent(), expected);
  const received = await cut();
  assert.deepEqual(received(), expected);
  const { done, failed } = await stop();
  assert.deepEqual([done, failed, starts.length, unreported], [2, 1, 3, []]);
});

test("a result of two commands resumes at the one without an answer", async () => {
  for (
    const [jobtype, first, second] of [
      ["later", "PUSH", "ACK"],
      ["again", "PUSH", "ACK"],
      ["killed", "FAIL", "MUTATE"],
    ] as const
  ) {
    // With and without an answer to the first command.
    for (const isAnswered of [true, false]) {
      const { give, stop, cut, commands, unreported } = await outbox((line) =>
        isAnswered && line.startsWith(first) ? undefined : ""
      );
      await give(jobReply("jid-00000", { jobtype }));
      const steps = [`${first} jid-00000`, `${second} jid-00000`];
      const sent = isAnswered ? steps : steps.slice(0, 1);
      await until(() => commands.lines.length > sent.length);
      assert.deepEqual(verbs(commands.lines), sent);
      const again = await cut();
      assert.deepEqual(again(), isAnswered ? steps.slice(1) : steps);
      await stop();
      assert.deepEqual(unreported, []);
    }
  }
});

test("a resent FAIL that finds no job has worked the first time", async () => {
  for (const jobtype of ["fails", "killed"]) {
    const { give, stop, cut, unreported, commands } = await outbox(silence);
    await give(jobReply("jid-00000", { jobtype }));
    await commands.received(2);
    const again = await cut((line) =>
      line.startsWith("FAIL") ? "-ERR Job not found jid-00000\r\n" : undefined
    );
    const expected = ["FAIL jid-00000", "MUTATE jid-00000"];
    assert.deepEqual(again(), expected.slice(0, jobtype === "fails" ? 1 : 2));
    await stop();
    assert.deepEqual(unreported, []);
  }
});

test("a report of a job that the server does not find is dropped with an event", async () => {
  const { give, stop, cut, unreported, commands } = await outbox(() =>
    "-ERR Job not found jid-00000\r\n"
  );
  await give(jobReply("jid-00000", { jobtype: "fails" }));
  await until(() => unreported.length === 1);
  assert.equal(unreported[0]!.jid, "jid-00000");
  assert(unreported[0]!.error instanceof JobNotFoundError);
  assert.equal(commands.lines.length, 2);
  const again = await cut();
  assert.deepEqual(again(), []);
  // Shows that its slot is free again.
  await give(jobReply("jid-00001", { jobtype: "done" }));
  await settle();
  assert.deepEqual(again(), ["ACK jid-00001"]);
  assert.equal((await stop()).done, 1);
});

test("any command that the server refuses is dropped with an event", async () => {
  for (
    const [jobtype, refused, sent] of [
      ["done", "ACK", ["ACK"]],
      ["fails", "FAIL", ["FAIL"]],
      ["killed", "MUTATE", ["FAIL", "MUTATE"]],
      ["later", "ACK", ["PUSH", "ACK"]],
    ] as const
  ) {
    const { give, stop, commands, unreported } = await outbox((line) =>
      line.startsWith(refused) ? "-ERR the store is full\r\n" : undefined
    );
    await give(jobReply("jid-00000", { jobtype }));
    await until(() => unreported.length === 1);
    assert(unreported[0]!.error instanceof ServerError);
    assert.deepEqual(verbs(commands.lines), sent.map((verb) => `${verb} jid-00000`));
    await stop();
  }
});

test("a job that the server does not accept again fails", async () => {
  for (const jobtype of ["later", "again"]) {
    const { give, stop, commands, unreported } = await outbox((line) =>
      line.startsWith("PUSH") ? "-ERR the store is full\r\n" : undefined
    );
    await give(jobReply("jid-00000", { jobtype }));
    await commands.received(3);
    assert.deepEqual(verbs(commands.lines), ["PUSH jid-00000", "FAIL jid-00000"]);
    await stop();
    assert.deepEqual(unreported, []);
  }
});

test("a requeued job has the server's bytes, even if its handler changed it", async () => {
  // Values that this client would not send, and numbers that it cannot represent.
  const texts: [text: string, kept: string[]][] = [
    [`"args":[12345678901234567890, 1e400,0.10],"reserve_for":30,"retry":-7`, [
      `"args":[12345678901234567890, 1e400,0.10]`,
      `"reserve_for":30`,
      `"retry":-7`,
    ]],
    [`"args":[{"a":1}], "custom" : {"n":9007199254740993},"retry":0,"unknown":[1,"]"]`, [
      `"args":[{"a":1}]`,
      `"custom":{"n":9007199254740993}`,
      `"unknown":[1,"]"]`,
    ]],
    [`"args":[{"a":[1,{"b":"}\\\""}]}],"retry":3,"at":"2020-01-01T00:00:00Z"`, [
      `"args":[{"a":[1,{"b":"}\\\""}]}]`,
      `"retry":3`,
    ]],
    [`\n"args":[1,\n2],"retry":null`, [`"args":[1, 2]`, `"retry":25`]],
  ];
  for (const [text, kept] of texts) {
    for (const jobtype of ["later", "again"]) {
      const sent = `{"jid":"jid-00000","jobtype":"${jobtype}",${text},"queue":"other"}`;
      const { give, stop, commands, unreported, clock } = await outbox(
        () => undefined,
        (job) => {
          job.args[0] = "changed";
          job.args.push("more");
          Object.assign(job, { jid: "wrong", queue: "wrong", type: "wrong" });
          job.custom["n"] = 1;
        },
      );
      await give(bulk(sent));
      await until(() => commands.lines.length > (jobtype === "later" ? 2 : 1));
      const line = commands.lines[1]!;
      if (line.startsWith("PUSH")) {
        const again = line.slice("PUSH ".length);
        for (const part of kept) assert(again.includes(part), `${again} has no ${part}`);
        const { at, queue, jid } = JSON.parse(again);
        assert.deepEqual([Date.parse(at), queue], [clock.now() + 60_000, "other"]);
        assert.equal(jid, "jid-00000");
        assert.equal(commands.lines[2], `ACK {"jid":"jid-00000"}`);
      } else {
        // It has no retries left.
        assert.deepEqual([line.slice(0, 4), jobtype], ["FAIL", "again"]);
      }
      await stop();
      assert.deepEqual(unreported, []);
    }
  }
});

test("a snoozed job uses the server's clock, even if the difference is large", async () => {
  for (const hours of [-24, -1, -1 / 30, 0, 1 / 30, 1, 24]) {
    const serverAheadMs = hours * 3600_000;
    for (const jobtype of ["later", "again"]) {
      const { give, stop, commands, clock } = await outbox(() => undefined, () => {}, {
        serverAheadMs,
      });
      await give(jobReply("jid-00000", { jobtype }));
      await until(() => commands.lines.length > 1);
      const { at, failure } = JSON.parse(commands.lines[1]!.slice("PUSH ".length));
      const serverNow = clock.now() + serverAheadMs;
      assert.equal(Date.parse(at), serverNow + 60_000, `${hours} h`);
      if (jobtype === "again") assert.equal(Date.parse(failure.failed_at), serverNow);
      await stop();
    }
  }
});

test("nothing is sent after the reservation's end, whether sent before or not", async () => {
  for (const isSent of [true, false]) {
    const cut = deferred<void>();
    const one = await outbox(
      silence,
      () => isSent ? undefined : cut.promise,
    );
    const { give, stop, peers, clock, commands, fetch, consumer, unreported, running } = one;
    if (isSent) await give(jobReply("jid-00000", { jobtype: "done", reserve_for: 60 }));
    await settle();
    assert.equal(commands.lines.length, isSent ? 2 : 1);
    commands.end();
    await settle();
    if (!isSent) {
      await give(jobReply("jid-00000", { jobtype: "done", reserve_for: 60 }));
      await until(() => consumer.running.length === 1);
      // Otherwise the result could go over the connection for FETCH.
      fetch.end();
      await settle();
      cut.resolve();
      await settle();
    }
    // In one step: the requested connection is opened after it.
    clock.advance(60_000);
    await until(() => peers.length === (isSent ? 3 : 4));
    for (const peer of peers.slice(2)) {
      serve(peer, (line) => line.startsWith("FETCH") ? "$-1\r\n" : undefined);
    }
    await until(() => unreported.length === 1);
    const { error } = unreported[0]!;
    assert(error instanceof ConnectionLostError, String(error));
    assert.deepEqual([error.code, error.outcome], [
      "DEADLINE_PASSED",
      isSent ? "unknown" : "not-sent",
    ]);
    await settle();
    assert.deepEqual(verbs(peers[2]!.lines).filter((verb) => verb.startsWith("ACK")), []);
    assert.equal(consumer.state, "running");
    if (isSent) await stop();
    else await Promise.all([consumer.stop(), pass(clock, consumer, running)]);
  }
});

test("fetching stops while too many reports wait, and resumes when there is room", async () => {
  let held = 0;
  let isHeld = true;
  const { give, stop, commands, fetch, starts, unreported } = await outbox((line) => {
    if (!line.startsWith("ACK") || !isHeld) return undefined;
    held++;
    return "";
  });
  for (let i = 0; i <= MAX_UNREPORTED; i++) {
    await give(jobReply(`jid-${String(i).padStart(5, "0")}`, { jobtype: "done" }));
  }
  await settle();
  assert.deepEqual([starts.length, held], [MAX_UNREPORTED + 1, MAX_UNREPORTED + 1]);
  // HELLO, and a FETCH for each job.
  assert.equal(fetch.lines.length, 1 + MAX_UNREPORTED + 1);
  commands.say("+OK\r\n");
  await fetch.received(1 + MAX_UNREPORTED + 2);
  isHeld = false;
  commands.say("+OK\r\n".repeat(held - 1));
  const { done } = await stop();
  assert.deepEqual([done, unreported], [MAX_UNREPORTED + 1, []]);
});

test("all waiting reports are sent once when the server is back", async () => {
  const { give, stop, cut, starts, unreported } = await outbox(silence);
  for (let i = 0; i <= MAX_UNREPORTED; i++) {
    await give(jobReply(`jid-${String(i).padStart(5, "0")}`, { jobtype: "done" }));
  }
  await settle();
  const again = await cut();
  await until(() => again().length === MAX_UNREPORTED + 1);
  assert.equal(new Set(again()).size, MAX_UNREPORTED + 1);
  const { done } = await stop();
  assert.deepEqual([done, starts.length, unreported], [starts.length, starts.length, []]);
});
