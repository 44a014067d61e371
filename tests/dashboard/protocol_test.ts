import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { dashboard } from "../../src/dashboard/mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { withProtocolServer } from "../cli/protocol_server.ts";
import { textOf, valuesOf, visitor } from "./setting.ts";

test("a server that lists no jobs is shown with the data of its protocol", async () => {
  await withProtocolServer(async (url, lines) => {
    const producer = await Producer.connect({ url });
    const serverPage = "http://faktory.example:7420/";
    const visit = visitor(dashboard(producer, { serverPage }));
    const overview = await visit("/");
    assert.match(textOf(overview.text), /Processed 7 .* Waiting 4 1 queue .* Retries 1 Dead 3/);
    assert.match(textOf(overview.text), /images 4 2 s Pause Resume Remove/);
    assert(
      !valuesOf(overview.text, "href").some((address) => /workers|batches|working/.test(address)),
    );
    const dead = await visit("/dead");
    assert.match(textOf(dead.text), /3 jobs This server does not list jobs over its protocol/);
    assert(valuesOf(dead.text, "href").includes(serverPage));
    for (
      const path of [
        "/job?jid=any-job-id",
        "/queue?name=images",
        "/workers",
        "/batches",
        "/working",
      ]
    ) {
      const { status, text } = await visit(path);
      assert.equal(status, 200, path);
      assert.match(textOf(text), /does not list jobs/);
    }
    const api = await visit("/api/jobs?set=dead");
    assert.equal(api.status, 400);
    assert.equal(JSON.parse((await visit("/api/info")).text).totals.processed, 7);
    assert.match(
      (await visit("/metrics")).text,
      /\nfaktory_queue_latency_seconds\{queue="images"\} 2\.5\n/,
    );

    const form = { bulk: "kill:matching", type: "resize" };
    const question = await visit("/retries", { form });
    assert.match(textOf(question.text), /Move the jobs of retries that match to the dead\?/);
    const sent = (verb: string) => lines.filter((line) => line.startsWith(verb));
    assert.deepEqual(sent("MUTATE"), []);
    const done = await visit("/retries", { form: { ...form, confirmed: "yes" } });
    assert.equal(done.headers.get("location"), "/retries?type=resize&did=kill");
    const text = { bulk: "retry:matching", text: "a*b", confirmed: "yes" };
    await visit("/dead", { form: text });
    await visit("/dead", { form: { bulk: "discard:matching", confirmed: "yes" } });
    assert.deepEqual(sent("MUTATE").map((line) => JSON.parse(line.slice(7))), [
      { cmd: "kill", target: "retries", filter: { jobtype: "resize" } },
      { cmd: "requeue", target: "dead", filter: { regexp: "*a\\*b*" } },
      { cmd: "discard", target: "dead" },
    ]);
    const both = { ...text, type: "resize" };
    assert.equal((await visit("/dead", { form: both })).status, 400);
    assert.equal((await visit("/api/jobs/discard", { json: ["any-job-id"] })).status, 400);
    assert.match(textOf((await visit("/retries")).text), /Job id Cancel job/);
    const cancel = { jid: "any-job-id", set: "working", action: "cancel" };
    assert.match(
      textOf((await visit("/job", { form: cancel })).text),
      /Cancel the job any-job-id\?/,
    );
    const cancelled = await visit("/job", { form: { ...cancel, confirmed: "yes" } });
    assert.equal(cancelled.headers.get("location"), "/job?jid=any-job-id&did=withdraw");
    assert.deepEqual([sent("PUSH").length, sent("FAIL").length], [1, 1]);
    const json = { jid: "any-job-id" };
    const byApi = JSON.parse((await visit("/api/jobs/cancel", { json })).text);
    assert.deepEqual(byApi, { ...json, place: "unknown" });
    await visit("/queues", { form: { name: "images", action: "pause" } });
    assert.deepEqual(sent("QUEUE PAUSE"), ["QUEUE PAUSE images"]);
    await producer.close();
  });
});

test("a server that does not respond is reported after five seconds", async () => {
  await withProtocolServer(async (url) => {
    const producer = await Producer.connect({ url });
    const clock = new ManualClock();
    const visit = visitor(dashboard(producer, { clock }));
    producer.info = () => new Promise(() => {});
    const answer = visit("/api/info");
    // The time limit begins in a later turn.
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    clock.advance(5000);
    assert.equal((await answer).status, 503);
    await producer.close();
  });
});
