import type {
  FailedAttempt,
  FailedJob,
  Job,
  QueueChoice,
  Report,
  RunningJob,
} from "../../../../mod.ts";
import { systemClock } from "../../../internal/clock.ts";
import type { Invocation } from "../../command.ts";
import { type Level, TimedLog } from "../../timed_log.ts";
import { formatCount } from "../../text.ts";
import type { Crash } from "../../crashes.ts";
import { errorText, failureLines, stackLines } from "./failure_text.ts";
import type { WorkFlags } from "./flags.ts";

/** The reason for the end of a run, for people. */
const REASONS: Readonly<Record<Report["reason"], string>> = {
  stopped: "Stopped",
  signal: "Stopped by a signal",
  server: "Stopped by the server",
  empty: "The queues are empty",
  limit: "Reached the limit of jobs",
  time: "Reached the time limit",
};

/** The kinds of crashes, for people. */
const CRASHES: Readonly<Record<Crash["kind"], string>> = {
  exception: "an uncaught exception",
  rejection: "an unhandled rejection",
  exit: "a call that exits the process",
};

/**
 * The log of a worker: lines with their time, as text or as JSON with the event's name in `event`.
 */
export class WorkLog {
  readonly #log: TimedLog;
  readonly #isJson: boolean;
  readonly #isQuiet: boolean;
  readonly #now: () => number;
  /** True after the process has crashed. */
  hasCrashed = false;
  /** The number of this process, if there are several. */
  readonly #process: string | undefined;

  constructor({ output, flags: { quiet }, io }: Invocation<WorkFlags>, processNumber?: string) {
    const clock = io.clock ?? systemClock;
    this.#log = new TimedLog(output, io);
    this.#isJson = output.isJson;
    this.#isQuiet = quiet === true;
    this.#now = () => clock.now();
    this.#process = processNumber;
  }

  /** Logs an event. `text` is the version for people. */
  log(
    event: string,
    fields: object,
    text: string | readonly string[],
    level: Level = "info",
  ): void {
    const processNumber = this.#process;
    const about = processNumber === undefined ? {} : { process: Number(processNumber) };
    const prefix = processNumber === undefined ? "" : `[${processNumber}] `;
    this.#log.write({ level, event, fields: { ...about, ...fields }, text, prefix });
  }

  /** Logs an event of a job, except with `--quiet`. */
  job(event: string, { jid, type, queue }: Job, more: object, text: string): void {
    if (this.#isQuiet) return;
    this.log(event, { jid, type, queue, ...more }, `${event} ${type} ${jid} ${text}`);
  }

  /** Logs a failed job, even with `--quiet`. */
  jobFailed(detail: FailedAttempt): void {
    const { job: { jid, type, queue }, error, elapsedMs, attempt, next, retryAt } = detail;
    const fields = { jid, type, queue, attempt, elapsedMs: round1(elapsedMs), next, retryAt };
    const text = failureLines(detail, this.#now());
    this.log("fail", { ...fields, error: errorFields(error) }, text, "warn");
  }

  /** Logs a job that has failed for the last time. */
  jobFailedFinally(
    event: "dead" | "dropped",
    { job, error, attempt }: FailedJob,
    to?: string,
  ): void {
    const { jid, type, queue } = job;
    const fields = { jid, type, queue, attempt, deadLetter: to, error: errorFields(error) };
    const where = to === undefined ? "" : `, moves to ${to}`;
    const text = `${event} ${type} ${jid} of ${queue} after attempt ${attempt}${where}`;
    this.log(event, fields, text, "error");
  }

  /** Logs a crash, with the running jobs. */
  crashed({ kind, error }: Crash, running: readonly RunningJob[]): void {
    this.hasCrashed = true;
    const jobs = running.map(({ job: { jid, type, queue }, attempt, startedAt }) => ({
      ...{ jid, type, queue, attempt, startedAt },
    }));
    const text = [
      `Crashed by ${CRASHES[kind]}: ${errorText(error)}`,
      ...stackLines(error),
      ...jobs.map(({ jid, type, queue, attempt, startedAt }) => {
        const seconds = round1((this.#now() - startedAt.getTime()) / 1000);
        return `while running ${type} ${jid} of ${queue}, attempt ${attempt}, for ${seconds} s`;
      }),
    ];
    this.log("crash", { kind, error: errorFields(error), running: jobs }, text, "error");
  }

  /** Logs a warning. */
  warn(event: string, fields: object, text: string): void {
    this.log(event, fields, text, "warn");
  }

  /** Logs the result of a run. */
  end({ reason, done, failed, dead, dropped, ...report }: Report): void {
    const [unfinished, unreported] = [report.unfinished, report.unreported].map(withoutArgs);
    const ends = [[dead, "dead"], [dropped, "dropped"]].filter(([count]) => count !== 0)
      .map(([count, name]) => `${count} ${name}`).join(", ");
    const text =
      `${this.hasCrashed ? "Crashed" : REASONS[reason]}: ${
        formatCount(done, "job")
      } done, ${failed} failed${ends === "" ? "" : ` (${ends})`}, ` +
      `${unfinished!.length} requeued` +
      (unreported!.length === 0 ? "" : `, ${unreported!.length} not reported`);
    this.log("end", {
      reason: this.hasCrashed ? "crash" : reason,
      done,
      failed,
      dead,
      dropped,
      unfinished,
      unreported,
    }, text);
    if (this.#isJson) return;
    for (const { jid, type, queue } of unfinished!) {
      this.log("end", {}, `  requeued: ${type} ${jid} of ${queue}`);
    }
    for (const { jid, type, queue } of unreported!) {
      this.log("end", {}, `  result not confirmed: ${type} ${jid} of ${queue}`);
    }
  }
}

/** Returns the jobs without their arguments. */
function withoutArgs(jobs: readonly Job[]): Pick<Job, "jid" | "type" | "queue">[] {
  return jobs.map(({ jid, type, queue }) => ({ jid, type, queue }));
}

/** Converts a thrown value for JSON output. */
function errorFields(thrown: unknown): object {
  if (typeof thrown !== "object" || thrown === null) return { message: String(thrown) };
  const { name, message, code, stack } = thrown as Readonly<Record<string, unknown>>;
  return {
    name: textOf(name),
    message: textOf(message) ?? "",
    code: typeof code === "number" ? code : textOf(code),
    stack: textOf(stack),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Rounds milliseconds to one decimal. */
export function round1(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Formats queues in the syntax of `--queues`, if possible. */
export function showQueues(queues: QueueChoice): string {
  if (typeof queues === "function") return "queues by a function";
  if (Array.isArray(queues)) return queues.join(", ");
  return Object.entries(queues).map(([name, weight]) => `${name}=${weight}`).join(", ");
}
