import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer } from "../../mod.ts";
import { dashboard } from "../../src/dashboard/mod.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { ORIGIN, textOf, visitor, withDashboard } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);
const attack = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;

/** Fails if a job's text became markup. */
function assertEscaped(html: string): void {
  assert(!html.includes("<script>alert"), html);
  assert(!/<img/i.test(html), html);
  assert(!/onerror=alert\(2\)>/.test(html), html);
}

test("data of jobs is escaped on every page", async () => {
  const jobs = ["queue", "scheduled", "retries", "dead"].map((place) => ({
    type: `${attack} ${place}`,
    args: [attack, { [attack]: attack }],
    jid: `${attack}${place}`,
    custom: { [attack]: attack },
    ...place === "queue" ? {} : { at: later },
  }));
  await withDashboard({ jobs }, async ({ visit, server, fail }) => {
    await server.retry({ set: "scheduled", type: `${attack} retries` });
    await server.kill({ set: "scheduled", type: `${attack} dead` });
    // This job was pushed first, so it is the first of the queue.
    await fail(`${attack} queue`, attack);
    const consumer = new Consumer({
      url: server.url,
      labels: [attack],
      hostname: attack,
      wid: attack,
    });
    consumer.register(`${attack} retries`, async () => {
      for (const path of ["/workers", "/working"]) assertEscaped((await visit(path)).text);
    });
    assert(await consumer.runOne());
    const jids = jobs.map(({ jid }) => `/job?jid=${encodeURIComponent(jid)}`);
    const query = new URLSearchParams({ type: attack, queue: attack, error: attack, text: attack });
    const paths = [
      "/",
      "/queues",
      "/queue?name=default",
      "/scheduled",
      "/retries",
      "/dead",
      ...jids,
    ];
    for (
      const path of [
        ...paths,
        `/dead?${query}`,
        `/queue?name=${encodeURIComponent(attack)}`,
        `/?did=${encodeURIComponent(attack)}`,
        `/?did=__proto__`,
        `/?did=retry&jobs=${attack}`,
      ]
    ) {
      const { status, text } = await visit(path);
      assert(status === 200 || status === 404, `${status} ${path}`);
      assertEscaped(text);
    }
    assert.match(textOf((await visit("/retries")).text), /<script>alert\(1\)<\/script>/);
    const bulk = { bulk: "discard:selected", jid: [attack], type: attack };
    assertEscaped((await visit("/dead", { form: bulk })).text);
    assertEscaped((await visit("/queues", { form: { action: "remove", name: attack } })).text);
  });
});

test("every response has a content security policy and forbids frames", async () => {
  await withDashboard({}, async ({ visit }) => {
    for (
      const path of ["/", "/nowhere", "/assets/script.js", "/api/info", "/api/nowhere", "/stats"]
    ) {
      const { headers, text } = await visit(path);
      assert.equal(
        headers.get("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
          "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("x-frame-options"), "DENY");
      // Browsers would refuse these because of the policy.
      assert(
        !/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:\/\/(?!www\.w3\.org)/.test(text),
        path,
      );
    }
  });
});

test("a page of another site cannot change anything", async () => {
  await withDashboard({ jobs: [{ type: "a", at: later }] }, async ({ visit, server }) => {
    const form = { bulk: "discard:matching", confirmed: "yes" };
    const hostile: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: "http://localhost:3000" },
      { origin: "http://localhost.evil.example:7420" },
      { origin: "", "sec-fetch-site": "cross-site" },
    ];
    for (const headers of hostile) {
      assert.equal((await visit("/scheduled", { form, headers })).status, 403, headers["origin"]);
      const json = { set: "scheduled", all: true };
      assert.equal((await visit("/api/jobs/discard", { json, headers })).status, 403);
    }
    // A browser without an Origin sends Sec-Fetch-Site.
    const handler = dashboard(server);
    const request = (headers: Record<string, string>) =>
      new Request(`${ORIGIN}/scheduled`, {
        method: "POST",
        headers,
        body: new URLSearchParams(form),
      });
    assert.equal((await handler(request({ "sec-fetch-site": "cross-site" }))).status, 403);
    assert.equal((await handler(request({ "sec-fetch-site": "same-site" }))).status, 403);
    // A GET never changes anything.
    await visit("/scheduled?bulk=discard:matching&confirmed=yes");
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      assert.equal((await visit("/scheduled", { form, method })).status, 405);
    }
    assert.equal(server.snapshot().scheduled, 1);
    assert.equal((await handler(request({}))).status, 303);
    assert.equal(server.snapshot().scheduled, 0);
  });
});

test("unknown host names are refused, against DNS rebinding", async () => {
  await withDashboard({ options: { hosts: ["jobs.example.com"] } }, async ({ server }) => {
    const handler = dashboard(server, { hosts: ["jobs.example.com"] });
    const at = async (url: string, headers = {}) =>
      (await handler(new Request(url, { headers }))).status;
    for (
      const host of [
        "localhost:7420",
        "127.0.0.1:7420",
        "[::1]:7420",
        "192.168.1.5",
        "jobs.example.com",
        "JOBS.example.com:8080",
        "app.localhost:7420",
      ]
    ) {
      assert.equal(await at(`http://${host}/`), 200, host);
    }
    for (
      const host of [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:7420",
      ]
    ) {
      assert.equal(await at(`http://${host}/`), 403, host);
      assert.equal(await at(`http://${host}/assets/style.css`), 403, host);
      assert.equal(await at("http://localhost/", { host }), 403, host);
    }
    assert.equal(
      (await dashboard(server, { hosts: "any" })(new Request("http://evil.example/"))).status,
      200,
    );
  });
});

test("the password protects every page, and sessions end", async () => {
  const clock = new ManualClock();
  const options = { password: "correct horse", clock };
  await withDashboard({ options, jobs: [{ type: "secret-type" }] }, async ({ visit }) => {
    const refused = await visit("/dead?type=a");
    assert.deepEqual(
      [refused.status, refused.headers.get("location")],
      [303, "/login?next=%2Fdead%3Ftype%3Da"],
    );
    for (
      const path of [
        "/",
        "/queues",
        "/events",
        "/stats",
        "/metrics",
        "/api/info",
        "/api/queues",
        "/job?jid=x",
      ]
    ) {
      const { status, text } = await visit(path, { headers: { accept: "*/*" } });
      assert.equal(status, 401, path);
      assert(!text.includes("secret-type"));
    }
    const change = { form: { bulk: "discard:matching", confirmed: "yes" } };
    assert.equal((await visit("/dead", change)).status, 401);
    // Probes and the style sheet need no password.
    assert.equal((await visit("/health")).status, 200);
    assert.equal((await visit("/assets/style.css")).status, 200);
    assert.match(textOf((await visit("/login?next=/dead")).text), /Password Log in/);

    const wrong = await visit("/login", { form: { password: "wrong", next: "/dead" } });
    assert.equal(wrong.status, 401);
    assert.match(textOf(wrong.text), /This is not the password/);
    const right = await visit("/login", { form: { password: "correct horse", next: "/dead" } });
    assert.deepEqual([right.status, right.headers.get("location")], [303, "/dead"]);
    const cookie = right.headers.get("set-cookie")!;
    assert.match(
      cookie,
      /^faktory_session=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const headers = { cookie: cookie.split(";")[0]! };
    assert.match((await visit("/", { headers })).text, /Log out/);
    assert.equal((await visit("/", { headers: { cookie: "faktory_session=0" } })).status, 303);
    await visit("/logout", { form: {}, headers });
    assert.equal((await visit("/", { headers })).status, 303);

    const again = await visit("/login", { form: { password: "correct horse" } });
    const later = { cookie: again.headers.get("set-cookie")!.split(";")[0]! };
    assert.equal((await visit("/", { headers: later })).status, 200);
    clock.advance(12 * 3_600_000);
    assert.equal((await visit("/", { headers: later })).status, 303);
  });
});

test("the password is the server's, or that of the option", async () => {
  const password = "grüße & more@host:1/";
  await withDashboard({ server: { password } }, async ({ visit, server }) => {
    assert.equal((await visit("/")).status, 303);
    assert.equal((await visit("/login", { form: { password } })).headers.get("location"), "/");
    const own = visitor(dashboard(server, { password: "other" }));
    assert.equal((await own("/login", { form: { password } })).status, 401);
    assert.equal((await own("/login", { form: { password: "other" } })).status, 303);
    assert.equal((await visitor(dashboard(server, { password: false }))("/")).status, 200);
  });
});

test("the login redirects only to pages of the dashboard", async () => {
  await withDashboard({ options: { password: "hush", basePath: "/jobs/" } }, async ({ visit }) => {
    const next = async (next: string) =>
      (await visit("/jobs/login", { form: { password: "hush", next } })).headers.get("location");
    assert.equal(await next("/jobs/dead?type=a%20b"), "/jobs/dead?type=a%20b");
    for (
      const hostile of [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/other",
        "/jobs/\t/x",
        "\n//e",
      ]
    ) {
      assert.equal(await next(hostile), "/jobs/", hostile);
    }
    const bare = visitor(dashboard(await closed(), { password: "hush" }));
    for (const hostile of ["//evil.example", "/\\evil.example", "/\t/evil.example"]) {
      const { headers } = await bare("/login", { form: { password: "hush", next: hostile } });
      assert.equal(headers.get("location"), "/", hostile);
    }
  });
});

async function closed(): Promise<FaktoryServer> {
  const server = await FaktoryServer.start({ port: 0 });
  await server.close();
  return server;
}

test("programs send the password by HTTP Basic or Bearer", async () => {
  await withDashboard({ options: { password: "grüße:x" } }, async ({ visit }) => {
    const basic = btoa(String.fromCharCode(...new TextEncoder().encode("anybody:grüße:x")));
    const status = async (authorization: string) =>
      (await visit("/api/info", { headers: { authorization } })).status;
    assert.equal(await status(`Basic ${basic}`), 200);
    assert.equal(await status(`Basic ${btoa(":wrong")}`), 401);
    assert.equal(await status("Basic %%%"), 401);
    assert.equal(await status("Digest x"), 401);
  });
});

test("a read-only dashboard has no buttons and refuses changes", async () => {
  const jobs = [{ type: "a", at: later, jid: "the-one-job" }, { type: "a", queue: "b" }];
  await withDashboard({ jobs, options: { readOnly: true } }, async ({ visit, server }) => {
    for (
      const path of [
        "/",
        "/queues",
        "/queue?name=b",
        "/scheduled",
        "/job?jid=the-one-job",
        "/workers",
      ]
    ) {
      assert(!(await visit(path)).text.includes('method="post"'), path);
    }
    const posts: [string, Record<string, string>][] = [
      ["/scheduled", { one: "discard:the-one-job" }],
      ["/job", { jid: "the-one-job", set: "scheduled", action: "discard" }],
      ["/queues", { name: "b", action: "pause" }],
      ["/workers", { wid: "x", action: "quiet" }],
    ];
    for (const [path, form] of posts) assert.equal((await visit(path, { form })).status, 403);
    for (const path of ["/api/jobs/discard", "/api/queues/pause", "/api/workers/quiet"]) {
      const { status, text } = await visit(path, { json: ["the-one-job"] });
      assert.deepEqual([status, JSON.parse(text).error.code], [403, "READ_ONLY"]);
    }
    assert.equal(server.snapshot().scheduled, 1);
    assert.equal(server.queues().queues[0]?.paused, false);
  });
});

test("invalid and large requests are refused without internal details", async () => {
  await withDashboard({ jobs: [{ type: "a", at: later }] }, async ({ visit, server }) => {
    const large = { form: { one: "x".repeat(2_000_000) } };
    assert.equal((await visit("/scheduled", large)).status, 413);
    for (const form of [{}, { one: "explode:x" }, { bulk: "__proto__:matching" }, { bulk: ":" }]) {
      const { status, text } = await visit("/scheduled", { form });
      assert.equal(status, 400, JSON.stringify(form));
      assert(!/at .*:\d+:\d+/.test(text), text);
    }
    assert.equal((await visit("/queues", { form: { action: "explode", name: "x" } })).status, 400);
    assert.equal((await visit("/workers", { form: { action: "x" } })).status, 400);
    assert.equal(
      (await visit("/job", { form: { action: "kill", set: "working", jid: "x" } })).status,
      400,
    );
    assert.equal(server.snapshot().scheduled, 1);
  });
});

test("an unexpected error goes to onError, and not to the visitor", async () => {
  const errors: unknown[] = [];
  const broken = {
    jobs() {},
    signalWorker() {},
    closed: new Promise(() => {}),
    info() {
      throw new TypeError("the inside");
    },
  } as unknown as FaktoryServer;
  const visit = visitor(dashboard(broken, { onError: (error) => errors.push(error) }));
  const { status, text } = await visit("/");
  assert.equal(status, 500);
  assert.match(textOf(text), /Something went wrong in the dashboard/);
  assert(!text.includes("the inside"));
  assert.equal((errors[0] as Error).message, "the inside");
  const api = await visit("/api/info");
  assert.deepEqual([api.status, JSON.parse(api.text).error.code], [500, "INTERNAL"]);
});

test("invalid options are refused", async () => {
  const server = await closed();
  // deno-lint-ignore no-explicit-any
  const wrong: any[] = [
    { basePath: "jobs" },
    { basePath: "/a b" },
    { password: "" },
    { password: 7 },
    { readOnly: "yes" },
    { hosts: "localhost" },
    { hosts: [7] },
    { trustProxy: "yes" },
    { serverPage: "javascript:alert(1)" },
  ];
  for (const options of wrong) {
    assert.throws(
      () => dashboard(server, options),
      { code: "INVALID_OPTION" },
      JSON.stringify(options),
    );
  }
  // deno-lint-ignore no-explicit-any
  for (const source of [undefined, {}, "x"] as any[]) {
    assert.throws(() => dashboard(source), { code: "INVALID_OPTION" });
  }
});
