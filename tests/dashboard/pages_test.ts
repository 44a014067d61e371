import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer } from "../../mod.ts";
import { Schedule } from "../../src/cron/mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { textOf, valuesOf, withDashboard } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

test("each empty page is complete and says what to do next", async () => {
  await withDashboard({}, async ({ visit }) => {
    const empty: Record<string, RegExp> = {
      "/": /No jobs yet\. Enqueue one/,
      "/queues": /No queues yet/,
      "/queue?name=none": /There is no queue of this name/,
      "/working": /Start a worker/,
      "/scheduled": /No jobs are scheduled\. Enqueue one with/,
      "/retries": /No job waits for a retry/,
      "/dead": /No dead jobs/,
      "/recurring": /No recurring jobs\. Run a Schedule/,
      "/workers": /No worker is connected/,
      "/batches": /faktory serve --edition enterprise/,
      "/workflows": /No workflows\. Start one with chain\(\)/,
      "/workflows?id=none": /No job of this workflow is here/,
    };
    for (const [path, text] of Object.entries(empty)) {
      const { status, headers, text: html } = await visit(path);
      assert.equal(status, 200, path);
      assert.match(headers.get("content-type")!, /^text\/html/);
      assert.match(html, /^\s*<!doctype html>\s*<html lang="en">/);
      assert.match(html, /<\/html>\s*$/);
      assert.match(textOf(html), text, path);
      assert(!/undefined|\[object/.test(html), `${path}: ${html}`);
    }
    const { status, text } = await visit("/nowhere");
    assert.equal(status, 404);
    assert.match(textOf(text), /There is no such page/);
  });
});

test("the overview shows the server's statistics and queues", async () => {
  const jobs = [{ type: "a", queue: "images" }, { type: "a", queue: "images" }, {
    type: "b",
    at: later,
  }];
  await withDashboard({ jobs }, async ({ visit, producer }) => {
    await producer.queues.pause("images");
    const text = textOf((await visit("/")).text);
    assert.match(text, /Waiting 2 \+\d\.\d\/s, 1 queue/);
    assert.match(text, /Scheduled 1/);
    assert.match(text, /images paused 2 \d+ m?s Resume Remove/);
    assert.match(text, /Enqueued 3/);
    assert.deepEqual((await visit("/")).text.match(/<li class="bad">/g), null);
    assert.match((await visit("/?range=week")).text, /aria-label="Last week: processed 0 jobs/);
  });
});

test("a failed job is found, opened and retried from its list", async () => {
  const jobs = [{ type: "resize", args: ["cat.png", 320], jid: "failed-job", backtrace: 3 }];
  await withDashboard({ jobs }, async ({ visit, fail, server }) => {
    await fail("resize");
    assert.match((await visit("/")).text, /<li class="bad"><span class="title">Failed/);
    const { text: list } = await visit("/retries");
    assert.match(
      textOf(list),
      /resize failed-job default \["cat\.png",320\] RangeError: no such picture in \d+ s/,
    );
    const address = valuesOf(list, "href").find((address) =>
      address.startsWith("/job?jid=failed-job")
    )!;
    const { status, text: page } = await visit(address);
    assert.equal(status, 200);
    assert.match(textOf(page), /State failed, waits for a retry/);
    assert.match(textOf(page), /Attempts 1 failed, 25 retries left/);
    assert.match(textOf(page), /Last error RangeError no such picture/);
    assert.match(
      textOf(page),
      /Attempts .* 1 failed RangeError no such picture \S+ (?:now|\d+ s ago)/,
    );
    assert.match(page, /aria-label="Backtrace"><code>at .*setting\.ts/);
    const { status: seeOther, headers } = await visit("/retries", {
      form: { one: "retry:failed-job" },
    });
    assert.deepEqual([seeOther, headers.get("location")], [303, "/retries?did=retry&jobs=1"]);
    assert.equal((await server.job("failed-job"))?.place, "queue");
    const { text: after } = await visit(headers.get("location")!);
    assert.match(textOf(after), /1 job enqueued to run now\./);
  });
});

test("a job's page kills, retries and discards it", async () => {
  await withDashboard(
    { jobs: [{ type: "a", at: later, jid: "the-one-job" }] },
    async ({ visit, server }) => {
      const act = async (action: string, set: string, more = {}) =>
        (await visit("/job", { form: { jid: "the-one-job", set, action, ...more } })).headers.get(
          "location",
        );
      assert.equal(await act("kill", "scheduled"), "/job?jid=the-one-job&did=kill&jobs=1");
      assert.equal((await server.job("the-one-job"))?.place, "dead");
      // The job has left the set meanwhile.
      assert.equal(await act("retry", "scheduled"), "/job?jid=the-one-job&did=gone");
      assert.equal(await act("discard", "dead"), null);
      assert.equal((await server.job("the-one-job"))?.place, "dead");
      const discarded = await act("discard", "dead", { confirmed: "yes" });
      assert.equal(discarded, "/dead?did=discard&jobs=1");
      const { status, text } = await visit("/job?jid=the-one-job");
      assert.equal(status, 404);
      assert.match(textOf(text), /does not have this job/);
    },
  );
});

test("a bulk change asks for confirmation with the number of jobs", async () => {
  const jobs = Array.from({ length: 40 }, (_, i) => ({
    type: i % 4 === 0 ? "odd" : "even",
    at: later,
    jid: `job-no-${i}`,
  }));
  await withDashboard({ jobs }, async ({ visit, server }) => {
    const selected = { bulk: "discard:selected", jid: ["job-no-1", "job-no-2"] };
    const question = await visit("/scheduled", { form: selected });
    assert.equal(question.status, 200);
    assert.match(textOf(question.text), /Discard 2 jobs\? This cannot be undone\./);
    assert.deepEqual(valuesOf(question.text, "value").slice(0, 3), [
      "discard:selected",
      "job-no-1",
      "job-no-2",
    ]);
    assert.equal(server.snapshot().scheduled, 40);
    const done = await visit("/scheduled", { form: { ...selected, confirmed: "yes" } });
    assert.equal(done.headers.get("location"), "/scheduled?did=discard&jobs=2");

    const matching = { bulk: "kill:matching", type: "odd" };
    const all = await visit("/scheduled", { form: matching });
    assert.match(textOf(all.text), /Move 10 jobs of scheduled to the dead\?/);
    const killed = await visit("/scheduled", { form: { ...matching, confirmed: "yes" } });
    assert.equal(killed.headers.get("location"), "/scheduled?type=odd&did=kill&jobs=10");
    assert.equal(server.snapshot().dead, 10);

    const rest = await visit("/scheduled", { form: { bulk: "retry:matching" } });
    assert.match(textOf(rest.text), /Run all 28 jobs of scheduled now\?/);
    const none = await visit("/scheduled", { form: { bulk: "retry:selected" } });
    assert.equal(none.headers.get("location"), "/scheduled");
    assert.equal(server.snapshot().scheduled, 28);
  });
});

test("lists are paged and searched, and links keep the filters", async () => {
  const jobs = Array.from({ length: 60 }, (_, i) => ({
    type: `type-${i % 2}`,
    args: [i],
    at: new Date(later.getTime() + i * 1000),
    jid: `job-no-${i}`,
  }));
  await withDashboard({ jobs }, async ({ visit }) => {
    const first = (await visit("/scheduled")).text;
    assert.match(textOf(first), /1 to 25 of 60 jobs More/);
    assert(valuesOf(first, "href").includes("/scheduled?offset=25"));
    const last = (await visit("/scheduled?offset=50")).text;
    assert.match(textOf(last), /51 to 60 of 60 jobs First Back/);
    const newest = (await visit("/scheduled?order=newest")).text;
    assert(newest.indexOf("job-no-59") < newest.indexOf("job-no-58"));
    assert(valuesOf(newest, "href").includes("/scheduled?order=newest&offset=25"));
    const odd = (await visit("/scheduled?type=type-1&text=job-no-4")).text;
    assert.match(textOf(odd), /5 jobs found, searched 60 of 60/);
    assert(!odd.includes("data-live"));
    assert.match(textOf((await visit("/scheduled?text=nothing")).text), /No job here matches/);
    for (const offset of ["-5", "x", "1e99", "99999999"]) {
      assert.equal((await visit(`/scheduled?offset=${offset}`)).status, 200);
    }
  });
});

test("queues are paused and resumed, and removed after a confirmation", async () => {
  await withDashboard(
    { jobs: [{ type: "a", queue: "images", args: ["<b>"] }] },
    async ({ visit, server }) => {
      const act = (action: string, more = {}) =>
        visit("/queues", { form: { name: "images", action, ...more } });
      assert.equal((await act("pause")).headers.get("location"), "/queues?did=pause");
      assert.equal(server.queues().queues[0]?.paused, true);
      const jobs = textOf((await visit("/queue?name=images")).text);
      assert.match(jobs, /paused Resume Remove/);
      assert.match(jobs, /\["<b>"\]/);
      await act("resume");
      assert.equal(server.queues().queues[0]?.paused, false);
      assert.match(textOf((await act("remove")).text), /Remove the queue images with 1 job\?/);
      assert.equal(server.queues().total, 1);
      await act("remove", { confirmed: "yes" });
      assert.equal(server.queues().total, 0);
      assert.equal((await act("pause")).headers.get("location"), "/queues?did=gone");
    },
  );
});

test("workers are shown with their jobs, and get the signals quiet and terminate", async () => {
  await withDashboard(
    { jobs: [{ type: "slow", args: ["x"], jid: "running-job" }] },
    async ({ visit, server }) => {
      const consumer = new Consumer({ url: server.url, wid: "worker-no-1", labels: ["blue"] });
      consumer.register("slow", async () => {
        const text = textOf((await visit("/workers")).text);
        assert.match(text, /pid \d+ running blue Connected (?:now|\d+ s ago)/);
        assert.match(text, /slow \["x"\] for \d+ s, reserved for another (?:30|29) min/);
        assert.match(textOf((await visit("/working")).text), /slow running-job default/);
        assert.match(
          textOf((await visit("/job?jid=running-job")).text),
          /State running .* Worker worker-no-1/,
        );
        const act = async (action: string) =>
          (await visit("/workers", { form: { wid: "worker-no-1", action } })).headers.get(
            "location",
          );
        assert.equal(await act("quiet"), "/workers?did=quiet");
        assert.match(textOf((await visit("/workers")).text), /quiet blue .* Terminate/);
        assert.equal(await act("terminate"), "/workers?did=terminate");
        assert.equal((await server.workers())[0]?.state, "terminate");
      });
      assert(await consumer.runOne());
      const gone = await visit("/workers", { form: { wid: "worker-no-1", action: "quiet" } });
      assert.equal(gone.headers.get("location"), "/workers?did=gone");
    },
  );
});

test("recurring jobs of a Schedule are shown by their next firings", async () => {
  await withDashboard({}, async ({ visit, producer }) => {
    const job = { type: "report", args: ["<b>"], queue: "nights" };
    const schedule = new Schedule({ nightly: { every: "6h", job }, hourly: { every: "1h", job } });
    const stop = new AbortController();
    const pushed = deferred();
    let pushes = 0;
    schedule.on("push", () => {
      if (++pushes === 6) pushed.resolve();
    });
    const running = schedule.run(producer, { signal: stop.signal });
    await pushed.promise;
    stop.abort();
    await running;
    const { text } = await visit("/recurring");
    assert.match(textOf(text), /nightly default report nights \["<b>"\] in .* in \d+ h/);
    assert.match(textOf(text), /hourly default report/);
    assert.equal(text.match(/<tr>/g)?.length, 3);
  });
});

test("batches are shown with their progress", async () => {
  await withDashboard({ server: { edition: "enterprise" } }, async ({ visit, producer }) => {
    const batch = { description: "all <cats>", success: { type: "done" } };
    await producer.batches.open(batch, async (batch) => void await batch.enqueue("a"));
    const { text } = await visit("/batches");
    assert.match(textOf(text), /all <cats> b-\S+ (?:now|\d+ s ago) 1 1 0 none waiting/);
  });
});
