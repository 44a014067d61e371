import assert from "node:assert/strict";
import { Consumer, type JobInput } from "../../mod.ts";
import { browserTest, mainText } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

browserTest("a first visit: every page of the menu says what to do next", {}, async (visit) => {
  const { page, url } = visit;
  await page.goto(url);
  assert.match(await mainText(page), /No jobs yet\. Enqueue one, and run it/);
  const menu = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
  const names = await menu.allInnerTexts();
  assert.equal(names.length, 9);
  for (const name of names) {
    await menu.filter({ hasText: name }).click();
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.locator(".empty").first().waitFor();
    assert.match((await menu.filter({ hasText: name }).getAttribute("aria-current"))!, /page/);
  }
});

const failing: JobInput[] = [{ type: "resize", args: ["cat.png", 320], jid: "failing-job" }];

browserTest("a job that failed is found and retried", { jobs: failing }, async (visit) => {
  const { page, url, server } = visit;
  const consumer = new Consumer({ url: server.url });
  let isMended = false;
  consumer.register("resize", () => {
    if (!isMended) throw new RangeError("no such picture");
  });
  assert(await consumer.runOne());
  await page.goto(url);
  await page.getByRole("link", { name: /Retries 1/ }).click();
  await page.getByRole("link", { name: "resize" }).click();
  const text = await mainText(page);
  assert.match(text, /RangeError no such picture/);
  assert.match(text, /"cat\.png",\s+320/);
  await page.getByRole("button", { name: "Retry now" }).click();
  await page.getByRole("status").filter({ hasText: "1 job put back to run at once." }).waitFor();
  assert.match(await mainText(page), /waits on its queue/);
  isMended = true;
  assert(await consumer.runOne());
  await page.reload().then((response) => assert.equal(response?.status(), 404));
  visit.expect(/404 \(Not Found\)/);
  assert.match(await mainText(page), /It may have succeeded/);
});

const many: JobInput[] = Array.from({ length: 30 }, (_, i) => (
  { type: i % 3 === 0 ? "mail" : "resize", at: later, jid: `job-number-${i}` }
));

browserTest("jobs are discarded together, after a question", { jobs: many }, async (visit) => {
  const { page, url, server } = visit;
  await page.goto(`${url}scheduled`);
  await page.getByLabel("Type").fill("mail");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("10 jobs found, searched 30 of 30").waitFor();
  await page.getByRole("button", { name: "Discard all that match" }).click();
  await page.getByText("Discard 10 jobs of scheduled? There is no way back.").waitFor();
  await page.getByRole("link", { name: "No, go back" }).click();
  assert.equal(server.snapshot().scheduled, 30);
  await page.getByRole("button", { name: "Discard all that match" }).click();
  await page.getByRole("button", { name: "Yes, discard" }).click();
  await page.getByRole("status").filter({ hasText: "10 jobs discarded." }).waitFor();
  assert.equal(server.snapshot().scheduled, 20);

  await page.getByRole("link", { name: "Clear" }).click();
  await page.getByLabel("All on this page").check();
  assert.equal(await page.locator('input[name="jid"]:checked').count(), 20);
  await page.getByLabel("Select resize job-number-1", { exact: true }).uncheck();
  await page.getByRole("button", { name: "Kill selected" }).click();
  await page.getByText("Move 19 jobs to the dead?").waitFor();
  await page.getByRole("button", { name: "Yes, kill" }).click();
  await page.getByRole("status").filter({ hasText: "19 jobs moved to the dead." }).waitFor();
  assert.deepEqual([server.snapshot().scheduled, server.snapshot().dead], [1, 19]);
});

browserTest("rates are live while jobs run", {}, async ({ page, url, server, producer }) => {
  await page.goto(url);
  const processed = page.locator(".tiles li").filter({ hasText: "Processed" });
  assert.match(await processed.innerText(), /^Processed\s+0\b/);
  const consumer = new Consumer({ url: server.url });
  consumer.register("mail", () => {});
  const running = consumer.run();
  try {
    await page.getByText("live", { exact: true }).waitFor();
    await producer.enqueueMany(Array.from({ length: 500 }, () => ({ type: "mail" })));
    // Nobody has touched the page.
    await processed.filter({ hasText: /500\s+[\d,.]*[1-9][\d,.]*\/s/ }).waitFor();
  } finally {
    await consumer.stop();
    await running;
  }
});

const queued: JobInput[] = [{ type: "resize", queue: "images" }, { type: "mail", queue: "mail" }];

browserTest("a queue is paused and resumed", { jobs: queued }, async ({ page, url, server }) => {
  const isPaused = () => server.queues({ name: "images" }).queues[0]?.paused;
  await page.goto(`${url}queues`);
  await page.getByRole("button", { name: "Pause images" }).click();
  await page.getByRole("status").filter({ hasText: "Queue paused" }).waitFor();
  const row = page.getByRole("row").filter({ hasText: "images" });
  assert.match(await row.innerText(), /paused/);
  assert.equal(isPaused(), true);
  await page.getByRole("button", { name: "Resume images" }).click();
  await page.getByRole("status").filter({ hasText: "Queue resumed." }).waitFor();
  assert.doesNotMatch(await row.innerText(), /paused/);
  assert.equal(isPaused(), false);
});
