import {
  type LostJob,
  Supervisor,
  type SupervisorOptions,
  type SupervisorReport,
} from "../../../supervisor/mod.ts";
import type { Invocation } from "../../command.ts";
import { serverOf } from "../../connect.ts";
import { Status } from "../../status.ts";
import type { WorkFlags } from "./flags.ts";
import { formatCount } from "../../text.ts";
import { LazyProducer } from "./lazy_producer.ts";
import { round1, WorkLog } from "./log.ts";
import { messageOf } from "./error_position.ts";
import { GRACE_MS } from "./worker.ts";

/**
 * Extra time for a process to stop beyond the time for its jobs, in ms: for the last FETCH, the
 * abort, and the module's teardown.
 */
const SLACK_MS = 5000;

/** Options of a group of processes. */
export interface ProcessGroupOptions extends Pick<SupervisorOptions, "processes" | "restart"> {
  /** Flags to add to the command line. */
  readonly flags?: readonly string[];
  /** If true, exits of processes are logged. @default true */
  readonly logsExits?: boolean;
}

/**
 * Runs the command line in several processes, one group after another, and passes signals to the
 * current group.
 */
export class ProcessGroup {
  readonly #invocation: Invocation<WorkFlags>;
  readonly #log: WorkLog;
  readonly #producer: LazyProducer;
  readonly #stopHandling: () => void;
  readonly #stopped = new AbortController();
  #supervisor: Supervisor | undefined;

  constructor(invocation: Invocation<WorkFlags>) {
    const { io } = this.#invocation = invocation;
    this.#log = new WorkLog(invocation);
    const { flags } = invocation;
    this.#producer = new LazyProducer(async () => (await serverOf(flags, io)).options);
    const stop = () => this.#stop();
    const removeListener = io.handleSignals({
      stop,
      quiet: () => this.#supervisor?.quiet(),
      print: () => this.#supervisor?.print(),
    });
    io.signal.addEventListener("abort", stop);
    this.#stopHandling = () => {
      removeListener();
      io.signal.removeEventListener("abort", stop);
    };
    if (io.signal.aborted) stop();
  }

  /** Aborted when the command was told to stop. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Runs a group of processes. Resolves when all have ended; `end` tells them to. */
  async run(
    { flags = [], logsExits = true, ...options }: ProcessGroupOptions,
  ): Promise<SupervisorReport> {
    if (this.stopped.aborted) return { reason: "stopped", exits: [], restarts: 0 };
    const { program, executable, args: [name = "work", ...given] } = this.#invocation.io;
    const args = ["--child", ...flags, ...given];
    const [module, own] = executable === undefined
      ? [program, { args: [name, ...args] }]
      : [name, { args, command: executable }];
    const supervisor = this.#supervisor = new Supervisor(module, {
      ...own,
      producer: logsExits ? this.#producer : undefined,
      graceMs: (this.#invocation.flags.grace ?? GRACE_MS) + SLACK_MS,
      ...options,
    });
    if (logsExits) this.#logExits(supervisor);
    return await supervisor.run();
  }

  /** Tells the current processes to stop. Another group may follow. */
  end(): void {
    void this.#supervisor?.stop();
  }

  /** Stops handling signals. */
  async close(): Promise<void> {
    this.#stopHandling();
    await this.#producer.close();
  }

  #stop(): void {
    this.#stopped.abort();
    this.end();
  }

  #logExits(supervisor: Supervisor): void {
    supervisor.on("exit", ({ index, pid, code, signal, error, retryInMs }) => {
      if (code === 0 || (signal === "SIGTERM" && this.stopped.aborted)) return;
      const how = error === undefined
        ? signal === undefined ? `exited with status ${code}` : `was ended by ${signal}`
        : error.message;
      const next = retryInMs === undefined ? "" : `; restarts in ${round1(retryInMs / 1000)} s`;
      const fields = { process: index, pid, code, signal, message: error?.message, retryInMs };
      this.#log.warn("exit", fields, `Process ${index} ${how}${next}`);
    });
    supervisor.on("lost", ({ index, pid, jobs, failed, error }) => {
      const names = (jobs: readonly LostJob[]) =>
        jobs.map(({ jid, type, queue }) => `${type} ${jid} of ${queue}`).join(", ");
      const others = jobs.filter((job) => !failed.includes(job));
      const texts = [
        ...failed.length > 0 ? [`reported as failed: ${names(failed)}`] : [],
        ...others.length > 0
          ? [`not reported: ${names(others)} (${error === undefined ? "" : messageOf(error)})`]
          : [],
      ];
      const fields = { process: index, pid, jobs, failed, message: error && messageOf(error) };
      this.#log.warn(
        "lost",
        fields,
        `Process ${index} ended with ${formatCount(jobs.length, "running job")}; ${
          texts.join("; ")
        }`,
      );
    });
  }
}

/** Returns the exit status of a group: the first that is not 0. */
export function statusOf({ exits }: Pick<SupervisorReport, "exits">): number {
  for (const { code, signal, error } of exits) {
    if (code !== undefined && code !== Status.ok) return code;
    // A process that has just started does not handle the signal yet.
    if (error !== undefined || (signal !== undefined && signal !== "SIGTERM")) {
      return Status.internal;
    }
  }
  return Status.ok;
}
