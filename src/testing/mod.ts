/**
 * For tests of programs that enqueue and run jobs: no server, no port, no waiting.
 *
 * @module
 */

export { MemoryServer } from "./memory_server.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
export type { ServerOptions, ServerSnapshot } from "../server/core.ts";
