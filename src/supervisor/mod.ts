/**
 * Runs a worker in several processes: passes signals to them, and restarts crashed ones.
 *
 * @example Four processes of a worker, until a signal
 * ```ts ignore
 * import { Supervisor } from "@faktory-ts/faktory/supervisor";
 *
 * const worker = new URL("./worker.ts", import.meta.url);
 * await new Supervisor(worker, { processes: 4, handleSignals: true }).run();
 * ```
 *
 * @module
 */

export { Supervisor } from "./supervisor.ts";
export type { SupervisorStopOptions } from "./supervisor.ts";
export type { RestartBackoff, RestartPolicy, SupervisorOptions } from "./options.ts";
export type { ProcessExit, SupervisorEvents } from "./events.ts";
export type { CommandSender } from "./lost_jobs.ts";
export type { LostJob } from "../signals/running_jobs.ts";
export type {
  ProcessState,
  SupervisedProcess,
  SupervisorEndReason,
  SupervisorReport,
} from "./report.ts";
