/**
 * A Faktory server in this process, with nothing else to install: in memory for development and tests, or with its data in a
 * file for small installations.
 *
 * @module
 */

export { FaktoryServer } from "./server.ts";
export type { FaktoryServerOptions } from "./server.ts";
export type { ServerEdition, ServerOptions, ServerSnapshot } from "./core.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
