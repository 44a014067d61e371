/**
 * A Faktory server inside this process. Nothing else has to be installed. It keeps its data in
 * memory, for development and tests, or in a folder, for small installations.
 *
 * @example A server for a first test
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0 });
 * await using producer = await Producer.connect({ url: server.url });
 * await producer.enqueue("greet", ["world"]);
 * console.assert(server.snapshot().queues["default"] === 1);
 * ```
 *
 * @module
 */

export { FaktoryServer } from "./server.ts";
export type { FaktoryServerOptions } from "./server.ts";
export type { ClientEvent, ClientRefused, JobFailedEvent, ServerEvent } from "./events.ts";
export type { ServerEdition, ServerOptions } from "./server_options.ts";
export type { ServerSnapshot } from "./server_state.ts";
export type { ServerCron } from "./enterprise/cron.ts";
export type { ServerThrottle } from "./enterprise/throttles.ts";
export type {
  AttemptResult,
  FindJobOptions,
  HistoryPoint,
  JobAttempt,
  JobFailure,
  JobPage,
  JobPlace,
  JobProgress,
  JobQuery,
  JobSelection,
  ListedSet,
  QueuePage,
  QueueQuery,
  QueueSelection,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerQueue,
  ServerRecurring,
  ServerWorker,
  SetSelection,
} from "../inspect/types.ts";
export type { ServerInfo } from "../protocol/server_info.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
