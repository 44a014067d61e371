/**
 * Workflows on any Faktory server: jobs that run one after the other (`chain`), and jobs that run
 * in parallel until all are done (`join`), nested in any way.
 *
 * @example Resize two images side by side, then publish them
 * ```ts
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { chain, join, resultsOf, Workflows } from "@faktory-ts/faktory/workflow";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0 });
 * await using producer = await Producer.connect({ url: server.url });
 * const workflows = new Workflows();
 *
 * await workflows.start(
 *   producer,
 *   chain(
 *     join(
 *       { type: "resize", args: ["cat.png"] },
 *       { type: "resize", args: ["dog.png"] },
 *     ),
 *     { type: "publish" },
 *   ),
 * );
 *
 * const consumer = new Consumer({ url: server.url });
 * consumer.register("resize", ({ args: [path] }) => `small-${path}`);
 * const published = new Promise((resolve) =>
 *   consumer.register("publish", (job) => resolve(resultsOf(job)))
 * );
 * workflows.attach(consumer);
 * const running = consumer.run();
 * console.assert(JSON.stringify(await published) === '["small-cat.png","small-dog.png"]');
 * await consumer.stop();
 * await running;
 * ```
 *
 * @module
 */

export { chain, join } from "./nodes.ts";
export type { Chain, Join, WorkflowNode } from "./nodes.ts";
export { resultsOf } from "./step.ts";
export { Workflows } from "./workflows.ts";
export type { WorkflowOptions, WorkflowStatus } from "./workflows.ts";
