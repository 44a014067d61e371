/**
 * A Faktory server in this process: for development and tests, with nothing else to install.
 *
 * @module
 */

export { FaktoryServer } from "./server.ts";
export type { FaktoryServerOptions } from "./server.ts";
export type { ServerEdition, ServerOptions, ServerSnapshot } from "./core.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
