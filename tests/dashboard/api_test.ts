import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { dashboard, nodeListener } from "../../src/dashboard/mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { ORIGIN, textOf, visitor, withDashboard } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

test("the API returns the data of the pages, and changes it", async () => {
  const jobs = [
    { type: "a", at: later, jid: "job-no-1" },
    { type: "b", at: later, jid: "job-no-2", args: [1] },
    { type: "a", queue: "images" },
    { type: "a", queue: "faktory.cron.nightly.alive.1" },
  ];
  await withDashboard({ jobs }, async ({ visit, server }) => {
    const get = async (path: string) => {
      const { status, headers, text } = await visit(`/api/${path}`);
      assert.match(headers.get("content-type")!, /^application\/json/);
      return [status, JSON.parse(text)];
    };
    const post = async (path: string, json: unknown) => {
      const { status, text } = await visit(`/api/${path}`, { json });
      return [status, JSON.parse(text)];
    };
    const [status, page] = await get("jobs?set=scheduled&type=b");
    assert.deepEqual([status, page.total, page.jobs.length], [200, 2, 1]);
    assert.deepEqual([page.jobs[0].jid, page.jobs[0].args, page.jobs[0].at], [
      "job-no-2",
      "[1]",
      later.toISOString(),
    ]);
    assert.equal((await get("jobs?queue=images"))[1].total, 1);
    assert.equal((await get("job?jid=job-no-1"))[1].place, "scheduled");
    assert.deepEqual(await get("job?jid=nobody-has-it"), [404, {
      error: { code: "NOT_FOUND", message: "no such job" },
    }]);
    assert.equal((await get("info"))[1].sets.scheduled, 2);
    assert.equal((await get("queues?order=size&limit=1"))[1].queues[0].name, "images");
    assert.equal((await get("queues"))[1].total, 1);
    assert.equal((await get("queues?text=faktory.cron"))[1].total, 1);
    assert.equal((await get("history"))[1].hour.length, 360);
    assert.deepEqual(await get("workers"), [200, []]);
    assert.deepEqual(await get("batches"), [200, []]);
    assert.deepEqual(await get("recurring"), [200, []]);
    assert.deepEqual(await get("attempts?jid=job-no-1"), [200, []]);
    assert.deepEqual(await get("workflows"), [200, { workflows: [], isComplete: true }]);
    const sorted = await get("jobs?set=scheduled&sort=type&order=newest");
    assert.deepEqual(sorted[1].jobs.map(({ type }: { type: string }) => type), ["b", "a"]);
    assert.equal((await get("nowhere"))[0], 404);
    for (
      const bad of [
        "jobs",
        "jobs?set=x",
        "jobs?set=dead&limit=0",
        "jobs?set=dead&offset=x",
        "jobs?set=dead&sort=x",
      ]
    ) {
      const [status, body] = await get(bad);
      assert.deepEqual([status, body.error.code], [400, "INVALID_FILTER"], bad);
    }

    assert.deepEqual(await post("jobs/count", { set: "scheduled", type: "a" }), [200, { jobs: 1 }]);
    assert.deepEqual(await post("jobs/kill", { set: "scheduled", type: "a" }), [200, { jobs: 1 }]);
    assert.deepEqual(await post("jobs/retry", ["job-no-1"]), [200, { jobs: 1 }]);
    assert.deepEqual(await post("jobs/discard", { set: "scheduled", all: true }), [200, {
      jobs: 1,
    }]);
    assert.equal(
      (await post("jobs/discard", { set: "scheduled" }))[1].error.code,
      "FILTER_MATCHES_ALL",
    );
    assert.equal((await post("jobs/discard", 7))[0], 400);
    const queued = {
      queue: "images",
      jids: [JSON.parse((await visit("/api/jobs?queue=images")).text).jobs[0].jid],
    };
    assert.deepEqual(await post("jobs/count", queued), [200, { jobs: 1 }]);
    assert.deepEqual(await post("jobs/discard", queued), [200, { jobs: 1 }]);
    assert.deepEqual(await post("jobs/cancel", { jid: "job-no-1" }), [200, {
      jid: "job-no-1",
      place: "queue",
    }]);
    assert.equal((await post("jobs/cancel", { jid: "job-no-1" }))[0], 404);
    assert.equal((await post("jobs/cancel", {}))[0], 400);
    assert.deepEqual(await post("queues/pause", { name: "images" }), [200, { name: "images" }]);
    assert.equal(server.queues().queues.find(({ name }) => name === "images")?.paused, true);
    assert.equal((await post("queues/remove", { name: "none" }))[0], 404);
    assert.equal((await post("queues/remove", {}))[0], 400);
    assert.equal((await post("workers/quiet", { wid: "none" }))[0], 404);
    assert.equal((await visit("/api/jobs/discard", { form: { set: "dead" } })).status, 400);
  });
});

test("/stats and /health have the format of the reference server", async () => {
  await withDashboard({ jobs: [{ type: "a", queue: "images" }] }, async ({ visit, producer }) => {
    const stats = JSON.parse((await visit("/stats")).text);
    const { raw } = await producer.info();
    assert.deepEqual(Object.keys(stats), Object.keys(raw));
    assert.deepEqual(Object.keys(stats.faktory), Object.keys(raw["faktory"] as object));
    assert.deepEqual(stats.faktory.queues, { images: 1 });
    const health = JSON.parse((await visit("/health")).text);
    assert.deepEqual(Object.keys(health), ["now", "server"]);
    assert.deepEqual(Object.keys(health.server), [
      "description",
      "faktory_version",
      "connections",
      "command_count",
    ]);
    const metrics = await visit("/metrics");
    assert.match(metrics.headers.get("content-type")!, /version=0\.0\.4/);
    assert.match(metrics.text, /\nfaktory_queue_jobs\{queue="images"\} 1\n/);
  });
});

test("open pages get an event every two seconds", async () => {
  const clock = new ManualClock();
  await withDashboard({}, async ({ server }) => {
    const handler = dashboard(server, { clock });
    const response = await handler(new Request(`${ORIGIN}/events`));
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const read = async () => (await reader.read()).value!;
    assert.equal(await read(), "retry: 3000\n\n");
    const [event, data] = (await read()).split("\n");
    assert.equal(event, "event: tick");
    assert.deepEqual(JSON.parse(data!.slice(6)).sets, {
      scheduled: 0,
      retries: 0,
      dead: 0,
      working: 0,
    });
    clock.advance(2000);
    assert.match(await read(), /^event: tick\n/);
    await server.close();
    clock.advance(2000);
    assert.equal(await read(), "event: down\ndata: {}\n\n");
    await reader.cancel();
    const head = await handler(new Request(`${ORIGIN}/events`, { method: "HEAD" }));
    assert.equal(await head.text(), "");
  });
});

test("a stream of events ends after ten minutes, so that sessions are checked again", async () => {
  const clock = new ManualClock();
  await withDashboard({}, async ({ server }) => {
    const response = await dashboard(server, { clock })(new Request(`${ORIGIN}/events`));
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let events = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      events += read.value.match(/^event: tick$/gm)?.length ?? 0;
      clock.advance(2000);
    }
    assert.equal(events, 300);
  });
});

test("the option basePath applies to every link", async () => {
  await withDashboard({
    options: { basePath: "/admin/jobs/" },
    jobs: [{ type: "a", queue: "b", at: later }],
  }, async ({ visit }) => {
    for (const path of ["", "/", "/queues", "/scheduled", "/dead", "/workers"]) {
      const { status, text } = await visit(`/admin/jobs${path}`);
      assert.equal(status, 200, path);
      for (
        const [, address = ""] of text.matchAll(/(?:href|action|src|data-live)="([^"#][^"]*)"/g)
      ) {
        assert(address.startsWith("/admin/jobs/"), `${address} in ${path}`);
        if (!address.endsWith("/events")) {
          assert.equal((await visit(address.replaceAll("&amp;", "&"))).status, 200, address);
        }
      }
    }
    assert.equal((await visit("/queues")).status, 404);
    const { headers } = await visit("/admin/jobs/queues", { form: { action: "pause", name: "b" } });
    assert.equal(headers.get("location"), "/admin/jobs/queues?did=gone");
  });
});

test("a producer shows all data of an embedded server", async () => {
  await withDashboard(
    { jobs: [{ type: "resize", jid: "failed-job" }] },
    async ({ fail, server }) => {
      await fail("resize");
      const producer = await Producer.connect({ url: server.url, reconnect: false });
      const visit = visitor(dashboard(producer));
      assert.match(textOf((await visit("/")).text), /Retries 1/);
      assert.match(textOf((await visit("/retries")).text), /RangeError: no such picture in \d+ s/);
      assert.match(textOf((await visit("/job?jid=failed-job")).text), /Created (?:now|\d+ s ago)/);
      assert.equal((await visit("/job?jid=nobody-has-it")).status, 404);
      for (const path of ["/workers", "/batches", "/queue?name=default", "/api/history"]) {
        assert.equal((await visit(path)).status, 200, path);
      }
      const jids = Array.from({ length: 3000 }, (_, i) => `no-such-job-${i}`);
      const many = await visit("/api/jobs/count", { json: [...jids, "failed-job"] });
      assert.deepEqual(JSON.parse(many.text), { jobs: 1 });
      assert.equal(JSON.parse((await visit("/api/attempts?jid=failed-job")).text).length, 1);
      await visit("/retries", { form: { one: "discard:failed-job", confirmed: "yes" } });
      assert.equal(server.snapshot().retries, 0);
      await server.close();
      assert.equal((await visit("/api/jobs?set=dead&limit=0")).status, 503);
      await producer.close();
    },
  );
});

test("nodeListener reads a body that Express middleware has parsed", async () => {
  const jobs = [{ type: "a", at: later, jid: "the-one-job" }, { type: "a", queue: "images" }];
  await withDashboard({ jobs }, async ({ server }) => {
    const listener = nodeListener(dashboard(server, { basePath: "/jobs" }));
    const http = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
      const isJson = request.headers["content-type"] === "application/json";
      const fields = new URLSearchParams(text);
      const parsed = Object.fromEntries(
        [...fields.keys()].map((name) => {
          const all = fields.getAll(name);
          return [name, all.length > 1 ? all : all[0]];
        }),
      );
      const originalUrl = request.url!;
      // As Express does at a mount path.
      request.url = originalUrl.replace("/jobs", "");
      listener(
        Object.assign(request, { originalUrl, body: isJson ? JSON.parse(text) : parsed }),
        response,
      );
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    const post = async (path: string, body: BodyInit, type: string) => {
      const headers = { origin, "content-type": type };
      const init = { method: "POST", body, headers, redirect: "manual" } as const;
      const response = await fetch(`${origin}/jobs${path}`, init);
      return [response.status, await response.text()];
    };
    const form = "bulk=kill%3Aselected&jid=the-one-job&jid=none&confirmed=yes";
    const [status] = await post("/scheduled", form, "application/x-www-form-urlencoded");
    assert.deepEqual([status, server.snapshot().dead], [303, 1]);
    assert.deepEqual(
      await post("/api/jobs/discard", '["the-one-job"]', "application/json"),
      [200, '{"jobs":1}'],
    );
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
});

test("nodeListener handles bodies, cookies and streams of node:http", async () => {
  await withDashboard(
    { jobs: [{ type: "a", at: later, jid: "the-one-job" }] },
    async ({ server }) => {
      const http = createServer(nodeListener(dashboard(server, { password: "hush" })));
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      const { port } = http.address() as AddressInfo;
      const origin = `http://127.0.0.1:${port}`;
      const login = await fetch(`${origin}/login`, {
        method: "POST",
        body: new URLSearchParams({ password: "hush" }),
        headers: { origin },
        redirect: "manual",
      });
      await login.text();
      assert.equal(login.status, 303);
      const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
      const page = await fetch(`${origin}/scheduled`, { headers: { cookie } });
      assert.match(textOf(await page.text()), /the-one-job/);
      const stream = await fetch(`${origin}/events`, { headers: { cookie } });
      const reader = stream.body!.getReader();
      assert.match(new TextDecoder().decode((await reader.read()).value), /^retry: 3000\n\n/);
      await reader.cancel();
      // Methods that a Request does not take.
      const odd = request({ port, method: "TRACE", path: "/" }).end();
      const [{ statusCode }] = await once(odd, "response");
      assert.equal(statusCode, 405);
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  );
});
