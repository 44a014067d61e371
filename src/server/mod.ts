/**
 * A Faktory server in this process: for development and tests, with nothing else to install.
 *
 * @module
 */

export { FaktoryServer } from "./server.ts";
export type { FaktoryServerOptions, ServerSnapshot } from "./server.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
