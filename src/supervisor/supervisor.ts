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
   * Time for the processes to end before they are killed, in ms. @default the supervisor's
   * `graceMs`
   */
  readonly graceMs?: number | undefined;
}

const STOP_OPTIONS = { graceMs: true } as const satisfies OptionNames<SupervisorStopOptions>;

/**
 * Runs a module in several processes, and restarts crashed ones.
 *
 * The module must end on SIGTERM, like a program that runs a `Consumer` with `handleSignals: true`.
 * Such a consumer also stops if its supervisor dies. Each process has its own process group, no
 * standard input, and the supervisor's output. Its environment contains `FAKTORY_PROCESS_INDEX`,
 * its number from 0, and `FAKTORY_SUPERVISOR_PID`.
 *
 * @example Four processes of a worker, until a signal
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
   * Creates a supervisor for `module`: the URL or path of a file, or anything else that the runtime
   * can run. `run` starts the processes.
   *
   * @throws {ConfigError} `INVALID_OPTION`, or `UNSUPPORTED_RUNTIME` in a single executable file
   *   without the option `command`.
   */
  constructor(module: string | URL, options: SupervisorOptions = {}) {
    this.#options = options;
    this.#settings = resolveSettings(module, options);
  }

  /** The processes by slot: those of the current or last run, none before the first run. */
  get processes(): readonly SupervisedProcess[] {
    return this.#supervision?.processes ?? [];
  }

  /** Adds a listener. Returns a function that removes it. */
  on<Name extends keyof SupervisorEvents>(
    event: Name,
    listener: Listener<SupervisorEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Starts the processes. Resolves when all have ended and none will be restarted: after `stop`, or
   * when all ended by themselves. Can be called again afterwards.
   *
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  run(): Promise<SupervisorReport> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the supervisor as it is already running"),
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
    const onEnd = (exit: ProcessExit) => {
      const jobs = exit.pid === undefined ? [] : folder?.take(exit.pid, clock.now());
      lost?.report(exit, jobs ?? []);
    };
    const supervision = new Supervision({ settings, spawn, events: this.#events, clock, onEnd });
    this.#supervision = supervision;
    const removeAbortListener = onAbort(signal, () => this.#stop("stopped"));
    const removeSignalListeners = handleSignals === true
      ? onProcessSignals({
        stop: () => this.#stop("signal"),
        quiet: () => this.quiet(),
        print: () => this.print(),
      }, clock)
      : () => {};
    // Set before the first process starts, since a listener of its start may call `stop`.
    const { promise, resolve } = deferred<SupervisorReport>();
    this.#run = promise;
    resolve(
      supervision.run().finally(() => lost?.settle()).finally(() => {
        this.#run = undefined;
        folder?.close();
        removeSignalListeners();
        removeAbortListener();
      }),
    );
    return promise;
  }

  /**
   * Tells the processes to fetch no more jobs (SIGTSTP). They keep running until the supervisor
   * stops, and crashed ones are not restarted.
   */
  quiet(): void {
    this.#supervision?.quiet();
  }

  /** Tells the processes to print their running jobs (SIGTTIN). */
  print(): void {
    this.#supervision?.print();
  }

  /**
   * Tells the processes to end (SIGTERM), and resolves when `run` does. Processes that still run
   * after `graceMs` are killed. A second call sends another SIGTERM, upon which a consumer aborts
   * its jobs.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async stop(options: SupervisorStopOptions = {}): Promise<void> {
    checkOptionNames(options, STOP_OPTIONS, "stop");
    this.#stop("stopped", checkGrace(options.graceMs));
    await this.#run;
  }

  /** Same as {@linkcode Supervisor.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #stop(reason: SupervisorEndReason, graceMs?: number): void {
    if (this.#run !== undefined) this.#supervision?.stop(reason, graceMs);
  }
}
