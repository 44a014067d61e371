import type { Command } from "commander";
import { RemoteInspector } from "../inspect/remote.ts";
import type { JobAttempt, JobPage, JobQuery, ServerJob } from "../inspect/types.ts";
import type { Producer } from "../../mod.ts";
import { integer } from "./parse.ts";
import { tableOf } from "./table.ts";
import { formatCount, formatDuration, formatInteger, printable } from "./text.ts";

/** The flags of commands that list jobs. */
export interface ListFlags {
  readonly type?: string;
  readonly error?: string;
  readonly text?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly newest?: boolean;
}

/** Adds {@linkcode ListFlags}. */
export function addListFlags(command: Command): void {
  command
    .option("--type <name>", "only jobs of this type")
    .option("--error <text>", "only jobs whose error contains this text")
    .option("--text <text>", "only jobs whose JSON contains this text")
    .option("--limit <number>", "number of jobs to list (default: 25)", integer(1, 1000))
    .option("--offset <number>", "number of jobs to skip (default: 0)", integer(0))
    .option("--newest", "list from the end");
}

/** Builds the query for the flags. */
export function queryOf(
  { type, error, text, limit, offset, newest }: ListFlags,
  place: Pick<JobQuery, "set" | "queue">,
): JobQuery {
  return { ...place, type, error, text, limit, offset, newestFirst: newest };
}

/** Returns the usual URL of the web page of a Faktory server. */
export function webPage(url: string): string {
  return `http://${new URL(url.replace(/^tcp(\+tls)?:/, "http:")).hostname}:7420`;
}

/** Explains why there is no list, and where to find one. */
export function cannotList(url: string): string {
  return "This server lists jobs only on its web page, by default at " + webPage(url);
}

/** Returns an inspector if the server can list jobs. */
export function remoteInspector(producer: Producer): Promise<RemoteInspector | undefined> {
  return RemoteInspector.of(producer);
}

/** Head of the time column for each place. */
const TIMES: Readonly<Record<ServerJob["place"], string>> = {
  scheduled: "runs",
  retries: "retried",
  dead: "failed",
  working: "reserved until",
  queue: "enqueued",
};

/** Formats a page of jobs as a table, with a hint for the next page. */
export function pageText(page: JobPage, place: ServerJob["place"], now: number): string {
  const { jobs, total, searched, next } = page;
  const hasErrors = jobs.some(({ failure }) => failure !== undefined);
  const head = ["jid", "type", "queue", TIMES[place], ...hasErrors ? ["error"] : [], "args"];
  const rows = jobs.map((job) => [
    job.jid,
    shorten(job.type, 40),
    job.queue,
    timeOf(job, now),
    ...hasErrors ? [shorten(errorOf(job), 60)] : [],
    shorten(job.args, 60),
  ]);
  const table = jobs.length === 0 ? [] : [tableOf(head, rows)];
  const of = `${formatCount(jobs.length, "job")} of ${formatInteger(total)}`;
  const summary = searched === jobs.length ? of : `${of}, ${formatInteger(searched)} searched`;
  return [...table, next === undefined ? summary : `${summary}; continue with --offset ${next}`]
    .join(
      "\n",
    );
}

/** Formats all details of a job. */
export function jobText(job: ServerJob, now: number): string {
  const { jid, type, queue, place, args, argsLength, custom, failure, worker } = job;
  const cut = args.length < argsLength ? ` ... (${formatInteger(argsLength)} characters)` : "";
  const lines: [string, string | undefined][] = [
    ["jid", jid],
    ["type", type],
    ["queue", queue],
    ["place", worker === undefined ? place : `${place}, worker ${worker}`],
    [TIMES[place], timeOf(job, now)],
    ["args", args + cut],
    ["custom", Object.keys(custom).length === 0 ? undefined : JSON.stringify(custom)],
    ["created", job.createdAt?.toISOString()],
    ["enqueued", job.enqueuedAt?.toISOString()],
    ["retries", `${Math.max(0, failure?.remaining ?? job.retry ?? 25)} left`],
    ["failed", failure?.failedAt?.toISOString()],
    ["error", failure === undefined ? undefined : errorOf(job)],
    ...(failure?.backtrace ?? []).map((line): [string, string] => ["", line]),
  ];
  const shown = lines.filter(([, text]) => text !== undefined);
  return shown.map(([name, text]) => `${name.padEnd(15)} ${printable(text!)}`.trimEnd()).join("\n");
}

/** Formats the attempts of a job as a table. */
export function attemptsText(attempts: readonly JobAttempt[]): string {
  const head = ["attempt", "result", "ended", "took", "worker", "error"];
  const rows = attempts.map(({ attempt, result, startedAt, endedAt, worker, ...error }) => [
    attempt,
    result,
    endedAt.toISOString(),
    startedAt === undefined
      ? "unknown"
      : formatDuration((endedAt.getTime() - startedAt.getTime()) / 1000),
    worker,
    shorten(messageOf(error.errorType, error.message), 60),
  ]);
  return tableOf(head, rows);
}

function timeOf({ place, at, enqueuedAt, failure }: ServerJob, now: number): string {
  const time = place === "dead" ? failure?.failedAt : place === "queue" ? enqueuedAt : at;
  if (time === undefined) return "";
  const seconds = (time.getTime() - now) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `in ${formatDuration(seconds)}` : `${formatDuration(-seconds)} ago`;
}

function errorOf({ failure }: ServerJob): string {
  return messageOf(failure?.type, failure?.message);
}

function messageOf(type: string | undefined, message: string | undefined): string {
  return [type, message].filter((text) => text !== undefined).join(": ");
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 3).toWellFormed()}...`;
}
