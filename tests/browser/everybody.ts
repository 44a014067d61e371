import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { browserTest, LATER, type Setting, type Visit } from "./setting.ts";
import { openShop } from "./shop.ts";

const LONG = "x".repeat(3000);

/** A server with content for every page, and with names that are hard to show. */
const shop: Setting = {
  server: { edition: "enterprise" },
  jobs: [
    { type: LONG, args: [LONG], queue: "a".repeat(200), jid: "job-with-long-names" },
    { type: LONG, args: [LONG], at: LATER },
    { type: "\u202eresize 🖼️", args: ["\u202e"], queue: "images" },
  ],
};

/** Visits every page, confirmations and notices included, and calls `look` at each. */
async function visitAll(
  { page, url, server, producer, expect }: Visit,
  look: (path: string) => Promise<void>,
): Promise<void> {
  expect(/404 \(Not Found\)/);
  const open = await openShop(server, producer);
  try {
    const [failed] = (await server.jobs({ set: "retries" })).jobs;
    const paths = [
      ...["", "?range=week", "queues", "queue?name=pictures", "working", "scheduled", "recurring"],
      ...["retries", "retries?text=nothing", "dead?order=error", "workers", "batches", "nowhere"],
      ...["workflows", `workflows?id=${open.workflow}`],
      ...[`job?jid=${failed?.jid}`, "job?jid=job-with-long-names", "job?jid=none"],
    ];
    for (const path of paths) {
      await page.goto(url + path);
      await look(path);
    }
    await page.goto(`${url}job?jid=${failed?.jid}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await look("the question about a job");
    await page.goto(`${url}dead`);
    await page.getByRole("button", { name: "Retry all", exact: true }).click();
    await page.getByRole("button", { name: "Yes, retry" }).waitFor();
    await look("the question");
    await page.getByRole("button", { name: "Yes, retry" }).click();
    await page.getByRole("status").waitFor();
    await look("the answer");
  } finally {
    await open.close();
  }
}

/** Returns the findings of axe: all rules with light colours, contrast with dark ones. */
async function findingsOf(page: Page): Promise<string[]> {
  const findings: string[] = [];
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const options = {
      resultTypes: ["violations"],
      ...colorScheme === "light" ? {} : { runOnly: ["color-contrast"] },
    };
    const found = await page.evaluate(`axe.run(${JSON.stringify(options)})`);
    const { violations } = found as axe.AxeResults;
    for (const { id, nodes } of violations) {
      for (const { target, failureSummary } of nodes) {
        findings.push(`${colorScheme}: ${id}: ${target.join(" ")}: ${failureSummary}`);
      }
    }
  }
  return findings;
}

browserTest("axe finds nothing on any page, light and dark", shop, async (visit) => {
  const findings: string[] = [];
  await visitAll(visit, async (path) => {
    for (const finding of await findingsOf(visit.page)) findings.push(`${path}: ${finding}`);
  });
  assert.deepEqual(findings, []);
});

browserTest(
  "axe finds nothing on the login page",
  { dashboard: { password: "correct horse" } },
  async ({ page, url, expect }) => {
    await page.goto(url);
    assert.deepEqual(await findingsOf(page), []);
    await page.getByLabel("Password").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    expect(/401 \(Unauthorized\)/);
    assert.deepEqual(await findingsOf(page), []);
  },
);

browserTest("axe finds planted faults", {}, async ({ page, url, expect }) => {
  expect(/404 \(Not Found\)/);
  // This page is not live.
  await page.goto(`${url}nowhere`);
  await page.evaluate(`document.querySelector("main").innerHTML = "<img src=x><button></button>"`);
  const ids = (await findingsOf(page)).map((finding) => finding.split(": ")[1]);
  assert(ids.includes("image-alt") && ids.includes("button-name"), ids.join());
});

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

browserTest(
  "on a phone, no page is wider than the screen",
  { ...shop, context: phone },
  async (visit) => {
    const wide: string[] = [];
    await visitAll(visit, async (path) => {
      const width = Number(await visit.page.evaluate("document.documentElement.scrollWidth"));
      if (width > 360) wide.push(`${path || "overview"}: ${width} px`);
    });
    assert.deepEqual(wide, []);
    // The menu is wider than the screen, and shows the current page.
    await visit.page.goto(`${visit.url}batches`);
    const place = await visit.page.locator("nav [aria-current]").boundingBox();
    assert(place !== null && place.x + place.width <= 360, JSON.stringify(place));
  },
);

const scheduled: Setting = {
  jobs: [{ type: "resize", jid: "scheduled-job", at: LATER }],
};

browserTest("a job is run with the keyboard alone", scheduled, async ({ page, url, server }) => {
  await page.goto(`${url}scheduled`);
  await page.keyboard.press("Tab");
  const focused = () =>
    page.evaluate(`document.activeElement.ariaLabel ?? document.activeElement.innerText`);
  assert.equal(await focused(), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
  const passed: unknown[] = [];
  while (await focused() !== "Run now resize scheduled-job") {
    passed.push(await focused());
    assert(passed.length < 40, passed.join("\n"));
    await page.keyboard.press("Tab");
  }
  // The focus is visible.
  assert.match(
    String(await page.evaluate("getComputedStyle(document.activeElement).outline")),
    /solid 2px/,
  );
  await page.keyboard.press("Enter");
  await page.getByRole("status").waitFor();
  assert.equal((await server.job("scheduled-job"))?.place, "queue");
});

const two: Setting = {
  jobs: ["scheduled-job-1", "scheduled-job-2"].map((jid, i) => (
    { type: "resize", jid, at: new Date(LATER.getTime() + i) }
  )),
};

browserTest("a live update keeps the focus on its job", two, async ({ page, url, server }) => {
  await page.goto(`${url}scheduled`);
  const label = "Kill resize scheduled-job-2";
  await page.getByRole("button", { name: label }).focus();
  await server.discard("scheduled-job-1");
  await page.getByText("1 to 1 of 1 job").waitFor();
  assert.equal(await page.evaluate("document.activeElement.ariaLabel"), label);
  await server.discard("scheduled-job-2");
  await page.locator(".empty").waitFor();
  assert.equal(await page.evaluate("document.activeElement.tagName"), "BODY");
});

browserTest(
  "without JavaScript, pages are read and a job is changed",
  { ...scheduled, context: { javaScriptEnabled: false } },
  async ({ page, url, server }) => {
    await page.goto(url);
    await page.getByRole("link", { name: /Scheduled 1/ }).click();
    await page.getByRole("link", { name: "resize" }).click();
    await page.getByRole("button", { name: "Kill" }).click();
    await page.getByRole("status").filter({ hasText: "1 job moved to the dead." }).waitFor();
    assert.equal((await server.job("scheduled-job"))?.place, "dead");
  },
);
