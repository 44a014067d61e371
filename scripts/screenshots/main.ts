/**
 * `deno task screenshots`: takes the screenshots of `docs/images` with an installed browser. With a
 * folder, takes each page there, light and dark, and as wide as a phone.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { Producer } from "../../mod.ts";
import { serveWeb } from "../../src/cli/web.ts";
import { dashboard } from "../../src/dashboard/mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { openShop } from "../../tests/browser/shop.ts";
import { findBrowser } from "../gate/browser.ts";
import { RawClient } from "../../tests/contract/raw_client.ts";
import { LateClock, makeHistory, runJobs } from "./history.ts";

type Scheme = "light" | "dark";

/** A page, and the name of its pictures. */
interface View {
  readonly name: string;
  readonly path: string;
  /** Button to click before the picture is taken. */
  readonly click?: string;
}

/** Folder of the pictures in the documentation. */
const IMAGES = "docs/images";

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** The pictures that the documentation shows. */
const SHOWN: readonly string[] = [
  ...["overview-light", "overview-dark", "retries-light", "job-dark", "question-light"],
  ...["workers-dark", "workflows-light", "retries-phone"],
];

const [folder] = Deno.args;
await Deno.mkdir(folder ?? IMAGES, { recursive: true });

const clock = new LateClock();
await using server = await FaktoryServer.start({ port: 0, edition: "enterprise", clock });
await makeHistory(server, clock);
await using producer = await Producer.connect({ url: server.url });
await producer.queues.remove("past");
const shop = await openShop(server, producer);
const web = await serveWeb(dashboard(server), { hostname: "127.0.0.1", port: 0 });
const browser = await chromium.launch({
  executablePath: await findBrowser(),
  args: ["--no-sandbox", "--force-color-profile=srgb"],
});
try {
  const [failed] = (await server.jobs({ set: "retries", type: "charge_card" })).jobs;
  const views: readonly View[] = [
    { name: "overview", path: "" },
    { name: "week", path: "?range=week" },
    { name: "queues", path: "queues" },
    { name: "queue", path: "queue?name=pictures" },
    { name: "working", path: "working" },
    { name: "scheduled", path: "scheduled" },
    { name: "recurring", path: "recurring" },
    { name: "retries", path: "retries" },
    { name: "dead", path: "dead" },
    { name: "workers", path: "workers" },
    { name: "batches", path: "batches" },
    { name: "workflows", path: "workflows" },
    { name: "sorted", path: "dead?order=error" },
    { name: "job", path: `job?jid=${failed?.jid}` },
    { name: "cancel", path: `job?jid=${failed?.jid}`, click: "Cancel" },
    { name: "question", path: "retries?type=resize", click: "Discard all that match" },
  ];
  await live(web.url);
  for (const scheme of ["light", "dark"] as const) {
    await take(browser, views, { scheme, suffix: scheme, viewport: WIDE });
  }
  await take(browser, views, { scheme: "light", suffix: "phone", viewport: PHONE });
} finally {
  await browser.close();
  await web.close();
  await shop.close();
}

/** Runs jobs while the pictures are taken, so that the dashboard has rates to show. */
async function live(url: string): Promise<void> {
  const client = await RawClient.hello(server.url);
  for (let i = 0; i < 3; i++) {
    await (await fetch(url)).body?.cancel();
    await runJobs(client, 4, i === 0 ? 1 : 0);
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  client.close();
  await producer.queues.remove("past");
}

async function take(
  browser: Browser,
  views: readonly View[],
  { scheme, suffix, viewport }: {
    readonly scheme: Scheme;
    readonly suffix: string;
    readonly viewport: { readonly width: number; readonly height: number };
  },
): Promise<void> {
  const page = await browser.newPage({ viewport, colorScheme: scheme });
  for (const view of views) {
    const name = `${view.name}-${suffix}`;
    if (folder !== undefined || SHOWN.includes(name)) await takeOne(page, view, name);
  }
  await page.close();
}

async function takeOne(page: Page, { path, click }: View, name: string): Promise<void> {
  await page.goto(web.url + path);
  if (click !== undefined) await page.getByRole("button", { name: click }).click();
  const file = `${folder ?? IMAGES}/${name}.png`;
  await page.screenshot({ path: file, fullPage: name.endsWith("light") || name.endsWith("dark") });
  const { size } = await Deno.stat(file);
  console.log(`${file}: ${Math.round(size / 1000)} kB`);
}
