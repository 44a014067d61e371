import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RawClient } from "../contract/raw_client.ts";
import { noSqlite, withFolder } from "../server/data.ts";
import { faktory, running } from "./setting.ts";

const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** Returns the URL in a line of `serve`. */
function urlIn(line: string): string {
  const [url] = /tcp\S+/.exec(line) ?? [];
  assert.ok(url !== undefined, line);
  return url;
}

test("serve prints its URL, accepts jobs, and exits with 0 when it is stopped", async () => {
  const server = await running(["serve", "--port", "0"]);
  assert.match(
    server.first,
    /^Faktory listens on tcp:\/\/127\.0\.0\.1:\d+\nDashboard: http:\/\/127\.0\.0\.1:\d+\/\n$/,
  );
  const url = urlIn(server.first);
  assert.equal((await faktory(["push", "a", "--url", url])).status, 0);
  const { status, stdout, stderr } = await server.stop();
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: server.first, stderr: "" });
  assert.equal((await faktory(["info", "--url", url])).status, 69);
});

test("serve --json prints the URL and the process id, but not the password", async () => {
  const server = await running(["serve", "--port", "0", "--json"], { FAKTORY_PASSWORD: "hu@sh" });
  const { url, web, pid, ...more } = JSON.parse(server.first);
  assert.match(web, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  assert.deepEqual([pid, more], [4711, {}]);
  assert.match(url, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await faktory(["info", "--url", url])).status, 77);
  assert.equal((await faktory(["info", "--url", url, "--password", "hu@sh"])).status, 0);
  const { status, stderr } = await server.stop();
  assert.deepEqual([status, stderr], [0, ""]);
});

test("serve speaks TLS", async () => {
  const keys = ["--tls-cert", tls("server.pem"), "--tls-key", tls("server.key.pem")];
  const server = await running(["serve", "--port", "0", "--hostname", "localhost", ...keys]);
  const url = urlIn(server.first);
  assert.match(url, /^tcp\+tls:\/\/localhost:\d+$/);
  const refused = await faktory(["info", "--url", url]);
  assert.equal(refused.status, 69, refused.stderr);
  assert.match(refused.stderr, /; pass the certificate of its authority with --ca\n$/);
  const { status, stderr } = await faktory(["info", "--url", url, "--ca", tls("ca.pem")]);
  assert.equal(status, 0, stderr);
  assert.equal((await server.stop()).status, 0);
});

test("serve has a dashboard, which asks for the server's password", async () => {
  const server = await running(["serve", "--port", "0", "--json"], { FAKTORY_PASSWORD: "hush" });
  const { url, web } = JSON.parse(server.first);
  await faktory(["push", "greet", "--url", url, "--password", "hush"]);
  const refused = await fetch(`${web}api/queues`);
  assert.equal(refused.status, 401);
  await refused.body?.cancel();
  const queues = await fetch(`${web}api/queues`, { headers: { authorization: "Bearer hush" } });
  assert.equal((await queues.json()).queues[0].size, 1);
  // An open page does not delay the stop.
  const events = await fetch(`${web}events`, { headers: { authorization: "Bearer hush" } });
  assert.equal((await server.stop()).status, 0);
  await events.text().catch(() => {});
});

test("serve --web sets the dashboard's address, --no-web disables it", async () => {
  const at = ["--web", "localhost:0", "--web-name", "jobs.example.com", "--web-read-only"];
  const server = await running(["serve", "--port", "0", "--json", ...at]);
  const { web } = JSON.parse(server.first);
  assert.match(web, /^http:\/\/localhost:\d+\/$/);
  const change = await fetch(`${web}api/jobs/discard`, { method: "POST", body: "{}" });
  assert.equal(change.status, 403);
  await change.body?.cancel();
  const { port } = new URL(web);
  const taken = await faktory(["serve", "--port", "0", "--web", `localhost:${port}`]);
  assert.equal(taken.status, 69);
  assert.match(
    taken.stderr,
    /^faktory: Cannot serve the dashboard on localhost:\d+ as the port is taken; /,
  );
  await server.stop();
  const none = await running(["serve", "--port", "0", "--no-web", "--json"]);
  assert.equal(JSON.parse(none.first).web, undefined);
  await none.stop();
  for (const web of ["x", "1.2.3.4:99999", "host:", ":80"]) {
    assert.equal((await faktory(["serve", "--port", "0", "--web", web])).status, 64, web);
  }
});

test("a dashboard that others can reach needs a password, or --web-open", async () => {
  const serve = ["serve", "--port", "0", "--web", "0.0.0.0:0"];
  const hint = /set FAKTORY_PASSWORD or --web-password, or allow everybody with --web-open\n$/;
  for (const args of [serve, ["serve", "--port", "0", "--web", "127.0.0.1:0", "--web-proxy"]]) {
    const refused = await faktory(args);
    assert.equal(refused.status, 64);
    assert.match(refused.stderr, /Cannot serve the dashboard on \S+ without a password/);
    assert.match(refused.stderr, hint);
  }
  const open = await running([...serve, "--web-open", "--json"]);
  const { port } = new URL(JSON.parse(open.first).web);
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/info`)).status, 200);
  assert.match((await open.stop()).stderr, /Anyone who can reach 0\.0\.0\.0:0 can change jobs/);

  const plain = await running([...serve, "--web-password", "hush", "--json"]);
  const web = `http://127.0.0.1:${new URL(JSON.parse(plain.first).web).port}/`;
  const status = async (authorization: string) =>
    (await fetch(`${web}api/info`, { headers: { authorization } })).status;
  assert.deepEqual([await status("Bearer hush"), await status("Bearer no")], [200, 401]);
  assert.match((await plain.stop()).stderr, /are sent without encryption; use --web-tls-cert/);
});

test("a dashboard with TLS or behind a proxy has secure cookies", async () => {
  const env = { FAKTORY_PASSWORD: "hush" };
  const keys = ["--web-tls-cert", tls("server.pem"), "--web-tls-key", tls("server.key.pem")];
  const server = await running(
    ["serve", "--port", "0", "--web", "localhost:0", ...keys, "--json"],
    env,
  );
  const { web } = JSON.parse(server.first);
  assert.match(web, /^https:\/\/localhost:\d+\/$/);
  const ca = await readFile(tls("ca.pem"), "utf8");
  const { port } = new URL(web);
  const login = request({
    ...{ host: "localhost", port, path: "/login", method: "POST", ca, agent: false },
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  login.end("password=hush");
  const [response] = await once(login, "response") as [IncomingMessage];
  response.resume();
  assert.equal(response.statusCode, 303);
  assert.match(response.headers["set-cookie"]![0]!, /; HttpOnly; Secure; SameSite=Lax/);
  const { stderr } = await server.stop();
  assert.equal(stderr, "");
  assert.equal(
    (await faktory(["serve", "--port", "0", "--web-tls-cert", tls("ca.pem")])).status,
    64,
  );

  const behind = await running(
    ["serve", "--port", "0", "--web-proxy", "--web-name", "jobs.example.com", "--json"],
    env,
  );
  const proxied = await fetch(`${JSON.parse(behind.first).web}login`, {
    ...{ method: "POST", body: new URLSearchParams({ password: "hush" }), redirect: "manual" },
    headers: {
      ...{ "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" },
      ...{ "x-forwarded-host": "jobs.example.com", origin: "https://jobs.example.com" },
    },
  });
  assert.equal(proxied.status, 303);
  assert.match(proxied.headers.get("set-cookie")!, /Secure/);
  assert.equal((await behind.stop()).stderr, "");
});

test("dashboard serves a page for a running server", async () => {
  const server = await running(["serve", "--port", "0", "--no-web", "--json"]);
  const { url } = JSON.parse(server.first);
  await faktory(["push", "greet", "--url", url]);
  const page = await running(["dashboard", "--url", url, "--web", "127.0.0.1:0", "--json"]);
  const { web } = JSON.parse(page.first);
  const response = await fetch(`${web}queue?name=default`);
  assert.match(await response.text(), /greet/);
  assert.equal((await page.stop()).status, 0);
  await server.stop();
});

test("serve warns if anyone can connect, and stops at once", async () => {
  const args = ["serve", "--port", "0", "--hostname", "0.0.0.0", "--edition", "enterprise"];
  const open = await running(args);
  assert.match(
    (await open.stop()).stderr,
    /^faktory: warning: Anyone who can reach 0\.0\.0\.0 .*\n$/,
  );
  const closed = await running(args, { FAKTORY_PASSWORD: "hush" });
  assert.equal((await closed.stop()).stderr, "");
  const { status } = await faktory(["serve", "--port", "0"], { signal: AbortSignal.abort() });
  assert.equal(status, 0);
});

test("serve --max-line refuses longer lines", async () => {
  const server = await running(["serve", "--port", "0", "--max-line", "65536"]);
  const client = await RawClient.hello(urlIn(server.first));
  const job = `{"jid":"long-line-1","jobtype":"x","args":["${"x".repeat(70_000)}"]}`;
  assert.equal(await client.ask(`PUSH ${job}`), "-ERR line is longer than 65536 bytes");
  client.close();
  await server.stop();
  const { status, stderr } = await faktory(["serve", "--port", "0", "--max-line", "1000"]);
  assert.equal(status, 64);
  assert.match(stderr, /--max-line/);
});

test(
  "serve --data keeps jobs, and refuses a file",
  { skip: noSqlite },
  async () => {
    await withFolder(async (folder) => {
      const args = ["serve", "--port", "0", "--data", join(folder, "jobs.db")];
      const first = await running(args);
      await faktory(["push", "a", "--url", urlIn(first.first)]);
      const taken = await faktory(args);
      assert.equal(taken.status, 69);
      assert.match(
        taken.stderr,
        /^faktory: [^\n]+; stop the other server, or use another folder\n$/,
      );
      assert.equal((await first.stop()).status, 0);

      const second = await running(args);
      const { stdout } = await faktory(["info", "--json", "--url", urlIn(second.first)]);
      assert.deepEqual(JSON.parse(stdout).queues, { default: 1 });
      assert.equal((await second.stop()).status, 0);

      const foreign = join(folder, "notes.txt");
      await writeFile(
        foreign,
        "my notes, longer than a header of a database would be, and then some",
      );
      const refused = await faktory(["serve", "--port", "0", "--data", foreign]);
      assert.equal(refused.status, 65);
      assert.match(refused.stderr, /^faktory: Cannot keep data in [^\n]+; use another folder/);
    });
  },
);

test("serve ends with an error if it can no longer save", { skip: noSqlite }, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "jobs.db");
    const server = await running(["serve", "--port", "0", "--data", path]);
    await rm(path, { recursive: true });
    await faktory(["push", "a", "--url", urlIn(server.first), "--timeout", "1"]);
    const { status, stderr } = await server.ended;
    assert.equal(status, 74);
    assert.match(
      stderr,
      /^faktory: Cannot save the changes: [^\n]+; check that the disk [^\n]+\n$/,
    );
  });
});

const needsNoSqlite = noSqlite === false ? "this runtime has node:sqlite" : false;

test(
  "serve --data without node:sqlite names the runtimes that have it",
  { skip: needsNoSqlite },
  async () => {
    const { status, stderr } = await faktory(["serve", "--port", "0", "--data", "jobs.db"]);
    assert.equal(status, 69);
    assert.match(stderr, /^faktory: [^\n]+ no node:sqlite[^\n]+; use another runtime[^\n]+\n$/);
  },
);
