import type { Job, QueueChoice, Report } from "../../../mod.ts";
import type { Output } from "../output.ts";
import { count, plain } from "../text.ts";
import type { WorkFlags } from "./flags.ts";
import { messageOf, whereOf } from "./where.ts";

/** Why a run ended, for people. */
const REASONS: Readonly<Record<Report["reason"], string>> = {
  stopped: "Stopped",
  signal: "Stopped by a signal",
  server: "Stopped by the server",
  empty: "Found the queues empty",
  limit: "Ran as many jobs as it was to",
  time: "Ran for as long as it was to",
};

/** What a worker tells, a line each: text, or JSON with the name of the event in `event`. */
export class WorkLog {
  readonly #output: Output;
  readonly #isQuiet: boolean;
  /** Which of several processes this is. */
  readonly #place: string | undefined;

  constructor(output: Output, { quiet }: WorkFlags, place?: string) {
    this.#output = output;
    this.#isQuiet = quiet === true;
    this.#place = place;
  }

  /** Something that happened, which `text` tells people. */
  say(event: string, fields: object, text: string): void {
    const place = this.#place;
    const about = place === undefined ? {} : { process: Number(place) };
    const front = place === undefined ? "" : `[${place}] `;
    this.#output.print({ event, ...about, ...fields }, () => front + plain(text));
  }

  /** The same of a job, unless they are many. */
  job(event: string, { jid, type, queue }: Job, more: object, text: string): void {
    if (this.#isQuiet) return;
    this.say(event, { jid, type, queue, ...more }, `${event} ${type} ${jid} ${text}`);
  }

  /** A job that failed, with where the error comes from. */
  failed(job: Job, error: unknown, elapsedMs: number): void {
    if (this.#isQuiet) return;
    const place = whereOf(error);
    this.job(
      "fail",
      job,
      { elapsedMs: rounded(elapsedMs), error: partsOf(error) },
      `after ${rounded(elapsedMs)} ms: ${messageOf(error)}${
        place === undefined ? "" : ` (${place})`
      }`,
    );
  }

  /** Something to look after, which ends nothing. */
  warn(event: string, fields: object, text: string): void {
    if (this.#output.isJson) this.say(event, fields, text);
    else this.#output.warn(this.#place === undefined ? text : `[${this.#place}] ${text}`);
  }

  /** The result of a run. */
  end({ reason, done, failed, ...report }: Report): void {
    const [unfinished, unreported] = [report.unfinished, report.unreported].map(named);
    const text = `${REASONS[reason]}: ${count(done, "job")} done, ${failed} failed, ` +
      `${unfinished!.length} handed back` +
      (unreported!.length === 0 ? "" : `, ${unreported!.length} not reported`);
    this.say("end", { reason, done, failed, unfinished, unreported }, text);
    if (this.#output.isJson) return;
    for (const { jid, type, queue } of unfinished!) {
      this.say("end", {}, `  handed back: ${type} ${jid} of ${queue}`);
    }
    for (const { jid, type, queue } of unreported!) {
      this.say("end", {}, `  the server did not confirm its end: ${type} ${jid} of ${queue}`);
    }
  }
}

/** Jobs without their arguments. */
function named(jobs: readonly Job[]): Pick<Job, "jid" | "type" | "queue">[] {
  return jobs.map(({ jid, type, queue }) => ({ jid, type, queue }));
}

/** What was thrown, as a program reads it: whole, each part in its place, and nothing that JSON cannot hold. */
function partsOf(thrown: unknown): object {
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

/** Milliseconds to a tenth. */
export function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Queues as `--queues` takes them, where it takes such. */
export function showQueues(queues: QueueChoice): string {
  if (typeof queues === "function") return "queues by a function";
  if (Array.isArray(queues)) return queues.join(", ");
  return Object.entries(queues).map(([name, weight]) => `${name}=${weight}`).join(", ");
}
