import assert from "node:assert/strict";
import { Consumer, type JobInput } from "../../mod.ts";
import { browserTest, LATER, mainText } from "./setting.ts";

browserTest("a first visit: every page of the menu says what to do next", {}, async (visit) => {
  const { page, url } = visit;
  await page.goto(url);
  assert.match(await mainText(page), /No jobs yet\. Enqueue one and run it/);
  const menu = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
  const names = await menu.allInnerTexts();
  assert.equal(names.length, 10);
  for (const name of names) {
    await menu.filter({ hasText: name }).click();
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.locator(".empty").first().waitFor();
    assert.match((await menu.filter({ hasText: name }).getAttribute("aria-current"))!, /page/);
  }
});

const failing: JobInput[] = [{ type: "resize", args: ["cat.png", 320], jid: "failing-job" }];

browserTest("a failed job is found and retried", { jobs: failing }, async (visit) => {
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
  await page.getByRole("status").filter({ hasText: "1 job enqueued to run now." }).waitFor();
  assert.match(await mainText(page), /waits on its queue/);
  isMended = true;
  assert(await consumer.runOne());
  await page.reload();
  const history = await mainText(page);
  assert.match(history, /This job has succeeded/);
  assert.match(history, /2\s+succeeded[^]*1\s+failed\s+RangeError no such picture/);
});

const many: JobInput[] = Array.from({ length: 30 }, (_, i) => (
  { type: i % 3 === 0 ? "mail" : "resize", at: LATER, jid: `job-number-${i}` }
));

browserTest("jobs are discarded in bulk after a confirmation", { jobs: many }, async (visit) => {
  const { page, url, server } = visit;
  await page.goto(`${url}scheduled`);
  await page.getByRole("textbox", { name: "Type" }).fill("mail");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("10 jobs found, searched 30 of 30").waitFor();
  await page.getByRole("button", { name: "Discard all that match" }).click();
  await page.getByText("Discard 10 jobs of scheduled? This cannot be undone.").waitFor();
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
  // Continuous load: on a busy machine, the page may show no rate of the last ten seconds in time.
  const load = setInterval(
    () => void producer.enqueueMany([{ type: "mail" }, { type: "mail" }]),
    100,
  );
  try {
    await page.getByText("live", { exact: true }).waitFor();
    // The page updates itself.
    await processed.filter({ hasText: /[1-9]\d*\s+[\d,.]*[1-9][\d,.]*\/s/ }).waitFor();
  } finally {
    clearInterval(load);
    await consumer.stop();
    await running;
  }
});

const waiting: JobInput[] = [
  ...["a", "b", "c"].map((name) => ({ type: "mail", args: [name], jid: `waiting-job-${name}` })),
];

browserTest(
  "a queued job is discarded, and a running job is cancelled",
  { jobs: waiting },
  async (visit) => {
    const { page, url, server } = visit;
    await page.goto(`${url}queue?name=default`);
    await page.getByRole("button", { name: "Discard mail waiting-job-b" }).click();
    await page.getByText("Discard the job waiting-job-b?").waitFor();
    await page.getByRole("button", { name: "Yes, discard" }).click();
    await page.getByRole("status").filter({ hasText: "1 job discarded." }).waitFor();
    assert.deepEqual(server.snapshot().queues, { default: 2 });

    const consumer = new Consumer({ url: server.url });
    consumer.register("mail", async () => {
      await page.goto(`${url}job?jid=waiting-job-a`);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "Yes, cancel" }).click();
      await page.getByRole("status").filter({ hasText: "Its worker stops it" }).waitFor();
      assert.match(await mainText(page), /This job was cancelled while it ran/);
    });
    assert(await consumer.runOne());
    assert.deepEqual(server.snapshot().queues["default"], 1);
  },
);

const sorted: JobInput[] = ["c", "a", "b"].map((type) => ({ type, at: LATER }));

browserTest("a list is sorted by type", { jobs: sorted }, async ({ page, url }) => {
  await page.goto(`${url}scheduled`);
  await page.getByLabel("Order by").selectOption("type");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/order=type/);
  const types = await page.locator("table.jobs tbody th a").allInnerTexts();
  assert.deepEqual(types, ["a", "b", "c"]);
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
