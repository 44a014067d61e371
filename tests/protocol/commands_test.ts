import assert from "node:assert/strict";
import { it } from "node:test";
import { JobNotFoundError, NotUniqueError, ProtocolError, ServerError } from "../../src/errors.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { acknowledge, fail, fetchJob, push, pushBulk } from "../../src/protocol/commands/jobs.ts";
import { serverError } from "../../src/protocol/server_errors.ts";
import type { Reply } from "../../src/protocol/reply.ts";

const ok: Reply = { kind: "status", text: "OK" };
const error = (text: string): Reply => ({ kind: "error", text });
const bulk = (text: string | null): Reply => ({ kind: "bulk", text });

it("encodes one job and many", () => {
  const jobs = [encodeJob({ type: "a" }), encodeJob({ type: "b" })];
  const one = push(jobs[0]!);
  assert.equal(one.verb, "PUSH");
  assert.match(one.payload, /^\{"Retry":null,"jid":/);
  assert.deepEqual(JSON.parse(one.payload), { Retry: null, ...JSON.parse(jobs[0]!.json) });
  assert.equal(one.parse(ok), undefined);
  assert.throws(() => one.parse(error("ERR no")), { name: "ServerError", reply: "ERR no" });
  const notUnique = error("NOTUNIQUE Job not unique");
  assert.throws(() => one.parse(notUnique), { name: "NotUniqueError" });
  assert.equal(one.parse(notUnique, true), undefined);
  assert.throws(() => one.parse(bulk("{}")), ProtocolError);
  const many = pushBulk(jobs.map(({ json }) => json).join());
  assert.deepEqual(JSON.parse(many.payload), jobs.map((job) => JSON.parse(job.json)));
  assert.deepEqual(many.parse(bulk("{}")), new Map());
  assert.deepEqual(many.parse(bulk('{"j1":"no"}')), new Map([["j1", "no"]]));
  assert.throws(() => many.parse(bulk("[]")), ProtocolError);
});

it("parses a fetched job, or none", () => {
  const fetch = fetchJob(["critical", "default"]);
  assert.deepEqual([fetch.verb, fetch.payload, fetch.resend], [
    "FETCH",
    "critical default",
    "never",
  ]);
  assert.equal(fetch.parse(bulk(null)), undefined);
  const job = fetch.parse(bulk(encodeJob({ type: "a", args: [1], jid: "12345678" }).json));
  assert.deepEqual([job?.jid, job?.type, job?.args], ["12345678", "a", [1]]);
  assert.throws(() => fetch.parse(ok), ProtocolError);
});

it("acknowledges and fails by jid", () => {
  assert.deepEqual(JSON.parse(acknowledge("j").payload), { jid: "j" });
  const failure = fail({ jid: "j", type: "TypeError", message: "no", backtrace: ["at x"] });
  assert.deepEqual(JSON.parse(failure.payload), {
    jid: "j",
    errtype: "TypeError",
    message: "no",
    backtrace: ["at x"],
  });
  assert.throws(() => failure.parse(error("ERR Job not found j")), JobNotFoundError);
});

it("keeps the text of an error reply, and recognizes known ones", () => {
  const unknown = serverError("ERR jobs must have a jobtype parameter");
  assert.deepEqual([unknown.constructor, unknown.code, unknown.reply], [
    ServerError,
    "SERVER_ERROR",
    "ERR jobs must have a jobtype parameter",
  ]);
  assert.ok(serverError("NOTUNIQ Job not unique") instanceof NotUniqueError);
  assert.deepEqual(
    [
      "ERR shutdown in progress",
      "SHUTDOWN x",
      "err Unknown worker w",
      "ERR batch subsystem is only available in Faktory Enterprise",
      "ERR cannot add element in the working set: context deadline exceeded",
      "context deadline exceeded",
      "ERR Cannot save the changes: ENOSPC: no space left on device, write",
    ]
      .map((text) => serverError(text).code),
    [
      "SERVER_SHUTDOWN",
      "SERVER_SHUTDOWN",
      "UNKNOWN_WORKER",
      "ENTERPRISE_ONLY",
      "STORE_FAILED",
      "STORE_FAILED",
      "STORE_FAILED",
    ],
  );
});
