/** `deno task screenshots [FOLDER]`: takes screenshots of the dashboard. See `--help`. */

import { chromium } from "playwright-core";
import { Producer } from "../../mod.ts";
import { serveWeb } from "../../src/cli/web.ts";
import { dashboard } from "../../src/dashboard/mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { openShop } from "../../tests/browser/shop.ts";
import { RawClient } from "../../tests/contract/raw_client.ts";
import { findBrowser } from "../gate/browser.ts";
import { runMain } from "../usage.ts";
import { LateClock, makeHistory, runJobs } from "./history.ts";

/** Folder of the pictures in the documentation. */
const IMAGES = "docs/images";

const help = `deno task screenshots [FOLDER]

Takes the screenshots of ${IMAGES} with an installed browser. With a folder, takes every page there,
light and dark, and as wide as a phone.`;

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

const SHOWN: readonly string[] = [
  ...["overview-light", "overview-dark", "retries-light", "job-dark", "question-light"],
  ...["workers-dark", "workflows-light", "retries-phone"],
];

/** Pages whose pictures are named after their paths. */
const PAGES = [
  ...["queues", "working", "scheduled", "recurring", "retries", "dead", "workers", "batches"],
  "workflows",
];

/** Returns pages by the names of their pictures; after the path, the button to click before. */
function viewsOf(jid: string | undefined): Readonly<Record<string, readonly string[]>> {
  return {
    overview: [""],
    week: ["?range=week"],
    queue: ["queue?name=pictures"],
    sorted: ["dead?order=error"],
    job: [`job?jid=${jid}`],
    cancel: [`job?jid=${jid}`, "Cancel"],
    question: ["retries?type=resize", "Discard all that match"],
    ...Object.fromEntries(PAGES.map((name) => [name, [name]])),
  };
}

async function takeAll(folder: string | undefined): Promise<void> {
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
    await live(web.url, server.url);
    await producer.queues.remove("past");
    for (const suffix of ["light", "dark", "phone"] as const) {
      const [viewport, colorScheme] = suffix === "phone"
        ? [PHONE, "light" as const]
        : [WIDE, suffix];
      const page = await browser.newPage({ viewport, colorScheme });
      for (const [view, [path = "", click]] of Object.entries(viewsOf(failed?.jid))) {
        const name = `${view}-${suffix}`;
        if (folder === undefined && !SHOWN.includes(name)) continue;
        await page.goto(web.url + path);
        if (click !== undefined) await page.getByRole("button", { name: click }).click();
        const file = `${folder ?? IMAGES}/${name}.png`;
        await page.screenshot({ path: file, fullPage: suffix !== "phone" });
        console.log(`${file}: ${Math.round((await Deno.stat(file)).size / 1000)} kB`);
      }
      await page.close();
    }
  } finally {
    await browser.close();
    await web.close();
    await shop.close();
  }
}

/** Runs jobs for a while, so that the dashboard has rates to show. */
async function live(page: string, url: string): Promise<void> {
  using client = await RawClient.hello(url);
  for (let i = 0; i < 3; i++) {
    await (await fetch(page)).body?.cancel();
    await runJobs(client, 4, i === 0 ? 1 : 0);
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
}

await runMain({ help, maxArguments: 1 }, (_values, [folder]) => takeAll(folder));
