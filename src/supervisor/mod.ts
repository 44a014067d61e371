/**
 * Several processes of one worker: started, watched, told of signals, and started again when they die.
 *
 * @module
 */

export { Supervisor } from "./supervisor.ts";
export type { SupervisorStopOptions } from "./supervisor.ts";
export type { RestartBackoff, RestartPolicy, SupervisorOptions } from "./options.ts";
export type { ProcessExit, SupervisorEvents } from "./events.ts";
export type {
  ProcessState,
  SupervisedProcess,
  SupervisorEndReason,
  SupervisorReport,
} from "./report.ts";
