/**
 * A dashboard for Faktory servers as a handler of web-standard requests. It shows queues, jobs,
 * failures and workers in a browser, and retries, cancels and discards jobs. `faktory serve` serves
 * it on port 7420.
 *
 * @example Mount it in your program
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { dashboard } from "@faktory-ts/faktory/dashboard";
 *
 * await using producer = await Producer.connect();
 * const handler = dashboard(producer, { basePath: "/jobs", password: "correct horse" });
 * const { status } = await handler(new Request("http://localhost/jobs/queues"));
 * console.assert(status === 401); // without the password
 * ```
 *
 * @module
 */

export { dashboard } from "./dashboard.ts";
export type { DashboardHandler } from "./dashboard.ts";
export type { DashboardOptions } from "./options.ts";
export { nodeListener } from "./node.ts";
export type { DashboardRequest, DashboardResponse } from "./node.ts";
