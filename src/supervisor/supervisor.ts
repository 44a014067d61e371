import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { onAbort } from "../internal/aborts.ts";
import { StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { onProcessSignals } from "../signals/process_signals.ts";
import { RUNNING_VARIABLE, RunningJobsFolder } from "../signals/running_jobs.ts";
import { type ProcessExit, SUPERVISOR_EVENTS, type SupervisorEvents } from "./events.ts";
import { LostJobs } from "./lost_jobs.ts";
import {
  checkGrace,
  resolveSettings,
  type SupervisorOptions,
  type SupervisorSettings,
} from "./options.ts";
import type { SupervisedProcess, SupervisorEndReason, SupervisorReport } from "./report.ts";
import { spawner } from "./spawner.ts";
import { Supervision } from "./supervision.ts";

/** Options of {@linkcode Supervisor.stop}. */
export interface SupervisorStopOptions {
  /**
   * How long the processes may take to end before they are killed, in milliseconds. @default the
   * supervisor's `graceMs`
   */
  readonly graceMs?: number | undefined;
}

const STOP_OPTIONS = { graceMs: true } as const satisfies OptionNames<SupervisorStopOptions>;

/**
 * Runs a module in several processes, and starts one again that has died.
 *
 * The module is a program that ends when it gets a TERM, such as one that runs a `Consumer` with
 * `handleSignals: true`. Such a consumer stops as well when its supervisor dies. Each process has a
 * process group of its own, has no standard input, writes where the supervisor does, and finds in
 * its environment `FAKTORY_PROCESS_INDEX`, its place from 0, and `FAKTORY_SUPERVISOR_PID`.
 *
 * @example Four processes of a worker, until this one is told to end
 * ```ts no-assert ignore
 * import { Supervisor } from "@faktory-ts/faktory/supervisor";
 *
 * const supervisor = new Supervisor(new URL("./worker.ts", import.meta.url), {
 *   processes: 4,
 *   handleSignals: true,
 * });
 * supervisor.on("exit", ({ index, code, signal, retryInMs }) => {
 *   console.error(`process ${index} ended by ${signal ?? code}`, retryInMs);
 * });
 * const report = await supervisor.run();
 * console.log(report.reason, report.restarts);
 * ```
 */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #settings: SupervisorSettings;
  readonly #events = new Emitter<SupervisorEvents>(SUPERVISOR_EVENTS);
  #supervision: Supervision | undefined;
  #run: Promise<SupervisorReport> | undefined;

  /**
   * Makes a supervisor of processes that run `module`: a file's URL or path, or what else the
   * runtime can run; it starts them when it is run.
   *
   * @throws {ConfigError} `INVALID_OPTION`; `UNSUPPORTED_RUNTIME` in an executable file without the
   * option `command`.
   */
  constructor(module: string | URL, options: SupervisorOptions = {}) {
    this.#options = options;
    this.#settings = resolveSettings(module, options);
  }

  /** Its processes, by place; those of the last run after its end, none before the first. */
  get processes(): readonly SupervisedProcess[] {
    return this.#supervision?.processes ?? [];
  }

  /** Calls `listener` on every `event`; the function returned ends that. */
  on<Name extends keyof SupervisorEvents>(
    event: Name,
    listener: Listener<SupervisorEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Starts the processes, and resolves once all have ended and none is to be started again: after
   * `stop`, or when all ended by themselves. It may be run again after that.
   *
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  run(): Promise<SupervisorReport> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the supervisor as it runs already"),
      );
    }
    const { signal, handleSignals, clock = systemClock } = this.#options;
    if (signal?.aborted === true) {
      return Promise.resolve({ reason: "stopped", exits: [], restarts: 0 });
    }
    const settings = this.#settings;
    const folder = settings.producer === undefined ? undefined : RunningJobsFolder.open();
    const spawn = spawner(settings.program, folder && { [RUNNING_VARIABLE]: folder.path });
    const lost = settings.producer && new LostJobs(settings.producer, this.#events, clock);
    const ended = (exit: ProcessExit) => {
      const jobs = exit.pid === undefined ? [] : folder?.take(exit.pid, clock.now());
      lost?.report(exit, jobs ?? []);
    };
    const supervision = new Supervision({ settings, spawn, events: this.#events, clock, ended });
    this.#supervision = supervision;
    const forgetSignal = onAbort(signal, () => this.#end("stopped"));
    const forgetSignals = handleSignals === true
      ? onProcessSignals({
        stop: () => this.#end("signal"),
        quiet: () => this.quiet(),
        print: () => this.print(),
      }, clock)
      : () => {};
    // There before the first process is: who hears of its start may call `stop`.
    const { promise, resolve } = deferred<SupervisorReport>();
    this.#run = promise;
    resolve(
      supervision.run().finally(() => lost?.settle()).finally(() => {
        this.#run = undefined;
        folder?.close();
        forgetSignals();
        forgetSignal();
      }),
    );
    return promise;
  }

  /**
   * Has the processes take no more jobs (TSTP); they go on until the supervisor is stopped, and no
   * dead one is replaced.
   */
  quiet(): void {
    this.#supervision?.quiet();
  }

  /** Has the processes print what they run (TTIN). */
  print(): void {
    this.#supervision?.print();
  }

  /**
   * Has the processes end (TERM), starts no others, and resolves once `run` does. Processes that
   * have not ended when `graceMs` are over are killed. A second call tells them again, upon which a
   * consumer waits for its jobs no longer.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async stop(options: SupervisorStopOptions = {}): Promise<void> {
    checkOptionNames(options, STOP_OPTIONS, "stop");
    this.#end("stopped", checkGrace(options.graceMs));
    await this.#run;
  }

  /** As {@linkcode Supervisor.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #end(reason: SupervisorEndReason, graceMs?: number): void {
    if (this.#run !== undefined) this.#supervision?.stop(reason, graceMs);
  }
}
