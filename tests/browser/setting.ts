import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type JobInput, Producer } from "../../mod.ts";
import { serveWeb } from "../../src/cli/web.ts";
import { dashboard, type DashboardOptions } from "../../src/dashboard/mod.ts";
import type { FaktoryServer, FaktoryServerOptions } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** A name of another site that leads to this machine. */
export const REBOUND = "rebound.example";

/**
 * The time of scheduled jobs. A minute from now would not do: this file is loaded long before the
 * last case runs on a busy machine, and a job that is due leaves the scheduled set.
 */
export const LATER = new Date(Date.now() + 86_400_000);

/** Time limit of a step, in milliseconds: a browser may start on a busy machine. */
const WAIT_MS = 30_000;

let browser: Browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env["FAKTORY_TEST_BROWSER"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
    timeout: WAIT_MS,
  });
});

after(() => browser?.close());

/** A browser window, a server and its dashboard. */
export interface Visit {
  readonly page: Page;
  readonly server: FaktoryServer;
  readonly producer: Producer;
  /** The dashboard's address, with a `/` at its end. */
  readonly url: string;
  /** Allows a message of the browser. */
  expect(fault: RegExp): void;
}

/** The start of a case. */
export interface Setting {
  readonly jobs?: readonly JobInput[];
  readonly server?: FaktoryServerOptions;
  readonly dashboard?: DashboardOptions;
  readonly context?: BrowserContextOptions;
}

/**
 * Defines a case: a server with these jobs, its dashboard, and an empty browser window. The case
 * also fails if the browser reports an error, such as code that the content security policy stops.
 */
export function browserTest(
  name: string,
  { jobs = [], server: serverOptions, dashboard: options, context: contextOptions }: Setting,
  run: (visit: Visit) => Promise<void>,
): void {
  test(name, { timeout: 4 * WAIT_MS }, async () => {
    await using server = await startQuick(serverOptions);
    await using producer = await Producer.connect({ url: server.url });
    if (jobs.length > 0) assert.equal((await producer.enqueueMany(jobs)).failed.size, 0);
    const web = await serveWeb(dashboard(server, options), { hostname: "127.0.0.1", port: 0 });
    const context = await browser.newContext(contextOptions);
    try {
      context.setDefaultTimeout(WAIT_MS);
      const page = await context.newPage();
      const faults = faultsOf(page);
      const expected: RegExp[] = [];
      const expect = (fault: RegExp) => void expected.push(fault);
      await run({ page, server, producer, url: web.url, expect });
      assert.deepEqual(faults.filter((text) => !expected.some((fault) => fault.test(text))), []);
    } finally {
      await context.close();
      await web.close();
    }
  });
}

/** Collects the errors and warnings of the browser. */
function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return faults;
}

/** Returns the text of the page's main part. */
export function mainText(page: Page): Promise<string> {
  return page.locator("main").innerText();
}
