import type { Clock } from "../internal/clock.ts";
import type { Emitter } from "../events.ts";
import type { LostJob } from "../signals/running_jobs.ts";
import type { ProcessExit, SupervisorEvents } from "./events.ts";

/** The part of a `Producer` that a supervisor uses. */
export interface CommandSender {
  /** Sends a command of the protocol. */
  command(
    verb: string,
    payload: string,
    options: { readonly resend: "safe" },
  ): Promise<unknown>;
}

/** At the end of a run, time to wait for reports that the server has not confirmed, in ms. */
const WAIT_MS = 5000;

/**
 * Reports the jobs of crashed processes as failed, so that the server retries them before their
 * reservations expire.
 */
export class LostJobs {
  readonly #sender: CommandSender;
  readonly #events: Emitter<SupervisorEvents>;
  readonly #clock: Clock;
  readonly #pending = new Set<Promise<void>>();

  constructor(sender: CommandSender, events: Emitter<SupervisorEvents>, clock: Clock) {
    this.#sender = sender;
    this.#events = events;
    this.#clock = clock;
  }

  /** Reports the jobs of a process. */
  report(exit: ProcessExit, jobs: readonly LostJob[]): void {
    if (jobs.length === 0) return;
    const pending = this.#report(exit, jobs).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when all jobs are reported, or after a few seconds. */
  async settle(): Promise<void> {
    if (this.#pending.size === 0) return;
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => cancel = this.#clock.after(WAIT_MS, resolve));
    await Promise.race([Promise.all(this.#pending), timeout]);
    cancel();
  }

  async #report(exit: ProcessExit, jobs: readonly LostJob[]): Promise<void> {
    const { index, pid } = exit;
    const failed: LostJob[] = [];
    let error: unknown;
    await Promise.all(jobs.map(async (job) => {
      try {
        await this.#sender.command("FAIL", failure(job, exit), { resend: "safe" });
        failed.push(job);
      } catch (reason) {
        error ??= reason;
      }
    }));
    this.#events.emit("lost", { index, pid, jobs, failed, error });
  }
}

function failure({ jid }: LostJob, { pid, code, signal }: ProcessExit): string {
  const end = signal === undefined ? `exited with status ${code}` : `was ended by ${signal}`;
  const message = `Process ${pid} ${end} while it ran the job`;
  return JSON.stringify({ jid, errtype: "ProcessDied", message, backtrace: [] });
}
