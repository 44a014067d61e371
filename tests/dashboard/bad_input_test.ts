import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard } from "../../src/dashboard/mod.ts";
import { startQuick } from "../server/quick.ts";
import { textOf, visitor, withDashboard } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

test("pages stay small with odd names and large arguments", async () => {
  const long = "x".repeat(10_000);
  const jobs = [
    { type: long, args: ["y".repeat(5_000_000)], jid: "large-job", custom: { [long]: long } },
    {
      type: "\u202Egnirts ltr 😀",
      args: ["\u202E\u0000\u2028"],
      jid: "../../etc:%2e%2e",
      queue: "..",
    },
    { type: "مهمة", args: ["👩‍👩‍👧"], jid: `jid-${long.slice(0, 500)}`, at: later },
  ];
  await withDashboard({ jobs }, async ({ visit }) => {
    const jid = encodeURIComponent(jobs[2]!.jid);
    for (
      const path of [
        ...["/", "/queues", "/queue?name=default", "/job?jid=large-job", "/scheduled"],
        ...[`/job?jid=${jid}`, "/workflows", "/recurring", "/queue?name=default&order=type"],
      ]
    ) {
      const { status, text } = await visit(path);
      assert.equal(status, 200, path);
      assert(text.length < 250_000, `${text.length} of ${path}`);
    }
    assert.match(
      textOf((await visit("/job?jid=large-job")).text),
      /The first 100,000 of 5,000,004 characters/,
    );
    const odd = await visit(`/job?jid=${encodeURIComponent("../../etc:%2e%2e")}`);
    assert.match(textOf(odd.text), /gnirts ltr 😀/);
    assert.match(odd.text, /<bdi>\u202Egnirts/);
    assert.match(textOf((await visit("/queue?name=..")).text), /1 to 1 of 1 job/);
    assert.match((await visit("/scheduled")).text, /<bdi>مهمة<\/bdi>/);
  });
});

test("a scheduled job with an invalid queue name is shown, and refused when it runs", async () => {
  await withDashboard({}, async ({ visit, producer, server }) => {
    const names = ["<script>alert(1)</script>", "\u202eeueuq", "📮", "q ".repeat(5000)];
    for (const [i, queue] of names.entries()) {
      const job = { jid: `odd-queue-${i}`, jobtype: "a", args: [], queue, at: later };
      await producer.command("PUSH", JSON.stringify(job));
    }
    const { status, text } = await visit("/scheduled?order=queue");
    assert.equal(status, 200);
    assert(!text.includes("<script>alert"));
    assert.match(text, /<bdi>📮<\/bdi>/);
    for (const i of names.keys()) {
      assert.equal((await visit(`/job?jid=odd-queue-${i}`)).status, 200);
      const run = await visit("/scheduled", { form: { one: `retry:odd-queue-${i}` } });
      assert.equal(run.status, 400);
      assert.match(textOf(run.text), /as the server refuses it: queue names must match/);
      assert(run.text.length < 5000 && !/\bat .*:\d+:\d+/.test(run.text), run.text);
    }
    assert.equal(server.snapshot().scheduled, names.length);
  });
});

test("unknown jobs and invalid parameters result in a clear page", async () => {
  await withDashboard({ jobs: [{ type: "a", at: later }] }, async ({ visit }) => {
    for (const jid of ["", "none", "x".repeat(10_000), "%00", "../..", "<b>", "\u202e"]) {
      const { status, text } = await visit(`/job?jid=${encodeURIComponent(jid)}`);
      assert.equal(status, 404, jid);
      assert.match(textOf(text), /The server does not have this job/);
      assert(text.length < 20_000);
      for (const action of ["cancel", "discard", "kill"]) {
        const form = { jid, set: "queue", queue: "none", action, confirmed: "yes" };
        const { status, headers } = await visit("/job", { form });
        if (jid === "") assert.equal(status, 400);
        else assert.match(headers.get("location")!, /did=gone/, `${action} ${jid}`);
      }
    }
    for (const order of ["up", "__proto__", "toString", "<b>", ""]) {
      assert.equal((await visit(`/scheduled?order=${order}`)).status, 200, order);
    }
    assert.equal((await visit("/scheduled?offset=NaN&limit=1e9&type=%FF")).status, 200);
  });
});

test("a page reports that its set has changed", async () => {
  const jobs = Array.from({ length: 60 }, (_, i) => (
    { type: "a", at: new Date(later.getTime() + i), jid: `paged-job-${i}` }
  ));
  await withDashboard({ jobs }, async ({ visit, server }) => {
    assert.match(textOf((await visit("/scheduled?offset=25")).text), /26 to 50 of 60 jobs/);
    await server.discard(jobs.slice(0, 40).map(({ jid }) => jid));
    const text = textOf((await visit("/scheduled?offset=25")).text);
    assert.match(text, /The list has become shorter: no job is left on this page\. 20 jobs First/);
    const form = {
      bulk: "discard:selected",
      jid: ["paged-job-1", "paged-job-59"],
      confirmed: "yes",
    };
    const done = await visit("/scheduled", { form });
    assert.equal(done.headers.get("location"), "/scheduled?did=discard&jobs=1");
    await server.discard({ set: "scheduled", all: true });
    const gone = await visit("/scheduled", { form: { one: "kill:paged-job-50" } });
    assert.equal(gone.headers.get("location"), "/scheduled?did=gone");
    assert.match(textOf((await visit("/scheduled?did=gone")).text), /it is no longer there/);
  });
});

test("a page and the API report a server that has closed", async () => {
  const server = await startQuick();
  const visit = visitor(dashboard(server));
  assert.equal((await visit("/")).status, 200);
  await server.close();
  for (const path of ["/", "/dead", "/workers", "/workflows", "/recurring", "/job?jid=x"]) {
    const { status, text } = await visit(path);
    assert.equal(status, 503, path);
    assert.match(textOf(text), /The Faktory server does not respond/);
  }
  assert.equal((await visit("/dead", { form: { one: "retry:x" } })).status, 503);
  const { status, text } = await visit("/api/info");
  assert.deepEqual([status, JSON.parse(text).error.code], [503, "SERVER_UNAVAILABLE"]);
});
