import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Consumer } from "../../mod.ts";
import { browserTest, LATER, mainText, REBOUND } from "./setting.ts";

browserTest(
  "the password protects the pages, and logging out ends the session",
  { dashboard: { password: "correct horse" } },
  async ({ page, url, expect }) => {
    await page.goto(`${url}queues`);
    assert.match(page.url(), /\/login\?next=/);
    // The field has the focus.
    await page.keyboard.type("wrong horse");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "This is not the password." }).waitFor();
    expect(/401 \(Unauthorized\)/);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { level: 1, name: "Queues" }).waitFor();
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Lax"]);
    assert.equal(await page.evaluate("document.cookie"), "");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(/\/login$/);
    await page.goto(`${url}queues`);
    assert.match(page.url(), /\/login\?next=/);
  },
);

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>'` +
  `<svg onload=alert(3)></svg></code></pre></bdi><base href="//x.example/">{{7*7}}\u202e`;

browserTest(
  "data of jobs is shown as text, and its code does not run",
  {
    jobs: [
      { type: HOSTILE, args: [HOSTILE], queue: "images", jid: "hostile-job", custom: { HOSTILE } },
      { type: HOSTILE, args: [HOSTILE], at: LATER },
    ],
  },
  async ({ page, url, server }) => {
    // Code that the policy stops would be an unescaped text.
    await page.addInitScript(`addEventListener("securitypolicyviolation", ({ blockedURI }) =>
      console.error("stopped by the policy: " + blockedURI))`);
    const consumer = new Consumer({ url: server.url, queues: ["images"], labels: [HOSTILE] });
    const paths: string[] = ["", "queues", "queue?name=images", "job?jid=hostile-job", "scheduled"];
    const look = async (path: string) => {
      await page.goto(url + path);
      assert.equal(
        await page.locator("main script, main img, main base, main svg:not(.chart svg)").count(),
        0,
      );
    };
    consumer.register(HOSTILE, async () => {
      for (const path of ["workers", "working"]) await look(path);
      throw new Error(HOSTILE);
    });
    for (const path of paths) await look(path);
    assert(await consumer.runOne());
    for (const path of ["retries", "job?jid=hostile-job"]) {
      await look(path);
      assert.match(await mainText(page), /<script>alert\(1\)<\/script>/);
    }
    await look(`retries?text=${encodeURIComponent(HOSTILE)}`);
    await look(`queue?name=${encodeURIComponent(HOSTILE)}`);
  },
);

browserTest(
  "another site cannot change anything",
  { jobs: [{ type: "resize", queue: "images" }] },
  async ({ page, url, server, expect }) => {
    const attacker = createServer(({ url: path }, response) => {
      response.statusCode = path === "/" ? 200 : 404;
      response.setHeader("content-type", "text/html");
      response.end(`<form method="post" action="${url}queues">
        <input name="name" value="images"><input name="action" value="remove">
        <input name="confirmed" value="yes"><button>Win a prize</button></form>`);
    });
    await new Promise<void>((resolve) => attacker.listen(0, "127.0.0.1", resolve));
    const { port } = attacker.address() as AddressInfo;
    try {
      expect(/40[34] \((?:Forbidden|Not Found)\)|ERR_BLOCKED_BY_RESPONSE|CORS policy|ERR_FAILED/);
      for (const host of ["127.0.0.1", "localhost"]) {
        await page.goto(`http://${host}:${port}/`);
        await page.getByRole("button").click();
        await page.getByText("Another site may not change anything.").waitFor();
        await page.goto(`http://${host}:${port}/`);
        const answer = await page.evaluate(`fetch("${url}api/queues/remove", {
          method: "POST", mode: "no-cors", body: '{"name":"images"}' }).then(() => "", String)`);
        assert.match(String(answer), /^(?:TypeError.*)?$/);
        // It cannot read a response either.
        const read = await page.evaluate(`fetch("${url}api/queues").then(() => "read", String)`);
        assert.match(String(read), /TypeError/);
      }
    } finally {
      attacker.closeAllConnections();
      attacker.close();
    }
    assert.equal(server.queues().total, 1);
  },
);

browserTest(
  "a host name of another site is refused",
  { jobs: [{ type: "resize", queue: "images" }] },
  async ({ page, url, server, expect }) => {
    expect(/403 \(Forbidden\)|Cross-Origin-Opener-Policy header has been ignored/);
    const response = await page.goto(`${url.replace("127.0.0.1", REBOUND)}queues`);
    assert.equal(response?.status(), 403);
    assert.equal(await page.getByText("images").count(), 0);
    const statuses = await page.evaluate(`Promise.all([
      fetch("/api/queues"),
      fetch("/api/queues/remove", { method: "POST", body: '{"name":"images"}' }),
    ]).then((all) => all.map(({ status }) => status))`);
    assert.deepEqual(statuses, [403, 403]);
    assert.equal(server.queues().total, 1);
  },
);
