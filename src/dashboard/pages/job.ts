import type { JobAttempt, ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { empty, noListingHint, page } from "../view/layout.ts";
import { formatInteger, shortTime, time, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { workflowOf } from "../workflows.ts";
import { actionsIn } from "./job_table.ts";
import { queueLink } from "./queues.ts";

const PLACES: Readonly<Record<ServerJob["place"], string>> = {
  queue: "waits on its queue",
  scheduled: "scheduled",
  retries: "failed, waits for a retry",
  dead: "dead",
  working: "running",
};

/** Key in `custom` of the cursor of a resumable job. */
const CURSOR = "resumeAt";

/** Jobs on a queue up to which the page of one of them is live. */
const MAX_LIVE = 10_000;

/** Maximum number of characters of `custom` and of a cursor. */
const MAX_CUSTOM = 100_000;
const MAX_CURSOR = 500;

/** Renders everything about a job. `found` is false if nothing is known about it. */
export async function jobPage(
  visit: Visit,
): Promise<{ readonly html: Html; readonly found: boolean }> {
  const { inspection, query } = visit;
  const jid = query.get("jid") ?? "";
  const title = `Job ${jid.slice(0, 100)}`;
  if (inspection === undefined) {
    const body = html`${noListingHint(visit)}${cancelForm(visit, jid)}`;
    return { html: page(visit, { title }, body), found: true };
  }
  const [job, attempts] = jid === ""
    ? [undefined, []]
    : await Promise.all([inspection.job(jid), inspection.attempts(jid)]);
  if (job === undefined) {
    const body = html`${empty(endOf(attempts))}${attemptsOf(visit, attempts)}`;
    return { html: page(visit, { title }, body), found: attempts.length > 0 };
  }
  const live = job.place !== "queue" || await isShort(visit, job.queue);
  return { html: page(visit, { title, live }, jobBody(visit, job, attempts)), found: true };
}

/** Checks that a queue is searched quickly. A live page searches it every two seconds. */
async function isShort({ source }: Visit, name: string): Promise<boolean> {
  const { queues: [queue] } = await source.queues({ name });
  return (queue?.size ?? 0) <= MAX_LIVE;
}

/** Renders a form that cancels a job by its id, for a server that lists no jobs. */
export function cancelForm(visit: Visit, jid = ""): Html | "" {
  if (visit.settings.readOnly) return "";
  return html`
    <form class="filters" method="post" action="${link(visit, "/job")}">
      <input type="hidden" name="set" value="working">
      <label>Job id <input name="jid" required value="${jid}"></label>
      <button name="action" value="cancel">Cancel job</button>
    </form>
  `;
}

/** Returns the probable end of a job that the server does not have. */
function endOf(attempts: readonly JobAttempt[]): string {
  const last = attempts.at(-1);
  if (last === undefined) {
    return "The server does not have this job. It forgets jobs that succeed at the first attempt.";
  }
  if (last.result === "success") return "This job has succeeded, so the server has forgotten it.";
  return isCancelled(last)
    ? "This job was cancelled while it ran."
    : "This job is gone. It was discarded or dropped after its last attempt.";
}

function jobBody(visit: Visit, job: ServerJob, attempts: readonly JobAttempt[]): Html {
  const { failure } = job;
  const isCut = job.args.length < job.argsLength;
  return html`
    ${actions(visit, job)}
    <dl class="facts">${factsOf(visit, job).map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )}</dl>
    ${failure === undefined ? "" : failureOf(job, visit.now)}
    ${attemptsOf(visit, attempts, failure?.retryCount)}
    <h2>Arguments</h2>
    <pre tabindex="0" aria-label="Arguments"><code>${isCut
      ? job.args
      : pretty(job.args)}</code></pre>
    ${isCut
      ? html`<p class="hint">The first ${formatInteger(job.args.length)} of ${
        formatInteger(job.argsLength)
      } characters.</p>`
      : ""}
    ${Object.keys(job.custom).length === 0 ? "" : html`
      <h2>Custom</h2>
      <pre tabindex="0" aria-label="Custom"><code>${JSON.stringify(job.custom, null, 2).slice(
        0,
        MAX_CUSTOM,
      )}</code></pre>
    `}
  `;
}

/** A name and a value. */
type Fact = readonly [name: string, value: Html | string];

const TIMES: Readonly<Record<ServerJob["place"], string | undefined>> = {
  queue: undefined,
  scheduled: "Runs",
  retries: "Next attempt",
  dead: "Deleted",
  working: "Reservation ends",
};

function factsOf(visit: Visit, job: ServerJob): Fact[] {
  const { place, worker, custom, progress } = job;
  const { now } = visit;
  const optional = (isThere: boolean, name: string, value: () => Html | string): Fact[] =>
    isThere ? [[name, value()]] : [];
  const timeName = TIMES[place];
  const workflow = workflowOf(custom);
  return [
    ["Type", html`<strong>${untrusted(job.type, 1000)}</strong>`],
    ["State", html`<span class="${`badge ${place}`}">${PLACES[place]}</span>`],
    ["Queue", queueLink(visit, job.queue)],
    ...optional(timeName !== undefined, timeName ?? "", () => time(job.at, now)),
    ...optional(job.startedAt !== undefined, "Started", () => time(job.startedAt, now)),
    ...optional(worker !== undefined, "Worker", () => untrusted(worker ?? "")),
    ...optional(progress !== undefined, "Progress", () => progressOf(progress!, now)),
    ...optional(
      CURSOR in custom,
      "Resumes at",
      () => html`<code>${untrusted(JSON.stringify(custom[CURSOR]) ?? "", MAX_CURSOR)}</code>`,
    ),
    ...optional(
      workflow !== undefined,
      "Workflow",
      () =>
        html`<a href="${link(visit, "/workflows", { id: workflow?.id })}">${
          untrusted(workflow?.id ?? "")
        }</a>, step ${untrusted(workflow?.path ?? "")}`,
    ),
    ["Attempts", attemptsLeft(job)],
    ["Created", time(job.createdAt, now)],
    ...optional(job.enqueuedAt !== undefined, "Enqueued", () => time(job.enqueuedAt, now)),
    ["Time for a run", `${formatInteger(job.reserveFor ?? 1800)} s`],
  ];
}

function progressOf(
  { percent, description, updatedAt }: NonNullable<ServerJob["progress"]>,
  now: number,
): Html {
  return html`<progress value="${percent}" max="100" aria-label="Progress"></progress>
    ${String(percent)} % ${description === "" ? "" : untrusted(description, 200)}
    <span class="hint">${time(updatedAt, now)}</span>`;
}

function failureOf({ failure }: ServerJob, now: number): Html {
  const { type = "", message = "", backtrace = [], failedAt } = failure!;
  return html`<h2>Last error</h2>
  <p class="error"><strong>${untrusted(type, 200)}</strong> ${untrusted(message, 2000)}</p>
  <p class="hint">First failed ${time(failedAt, now)}</p>
  ${
    backtrace.length === 0
      ? html`
        <p
          class="hint">No backtrace is stored. Enqueue jobs with <code>backtrace: 20</code>.</p>
      `
      : html`<pre tabindex="0" aria-label="Backtrace"><code>${backtrace.join("\n")}</code></pre>`
  }`;
}

const RESULTS: Readonly<Record<JobAttempt["result"], string>> = {
  success: "succeeded",
  retry: "failed",
  dead: "failed, then dead",
  dropped: "failed, then dropped",
};

/** The error type that the server stores for a cancelled job. */
function isCancelled({ errorType }: JobAttempt): boolean {
  return errorType === "JobCancelled";
}

/** Renders the attempts that the server has kept, the latest one first. */
function attemptsOf(
  { now }: Visit,
  attempts: readonly JobAttempt[],
  retryCount = 0,
): Html | "" {
  if (attempts.length === 0) return "";
  const isIncomplete = attempts.length < retryCount + 1;
  return html`
    <h2>Attempts</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Table of attempts">
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">Attempt</th>
            <th scope="col">Result</th>
            <th scope="col">Error</th>
            <th scope="col">Worker</th>
            <th scope="col">Ended</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>${attempts.toReversed().map((attempt) =>
          html`
            <tr>
              <th scope="row" class="number">${formatInteger(attempt.attempt)}</th>
              <td><span class="${`badge ${
                attempt.result === "success" ? "running" : "dead"
              }`}">${isCancelled(attempt) ? "cancelled" : RESULTS[attempt.result]}</span></td>
              <td class="error">${errorOf(attempt)}</td>
              <td>${untrusted(attempt.worker, 40)}</td>
              <td>${time(attempt.endedAt, now)}</td>
              <td>${attempt.startedAt === undefined
                ? html`<span class="none">unknown</span>`
                : shortTime((attempt.endedAt.getTime() - attempt.startedAt.getTime()) / 1000)}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </div>
      ${isIncomplete
        ? html`<p class="hint">Earlier attempts are not kept: the server keeps the latest 10,000
        of all jobs.</p>`
        : ""}
  `;
}

function errorOf({ errorType, message }: JobAttempt): Html | "" {
  if (errorType === undefined) return "";
  return html`<strong>${untrusted(errorType, 100)}</strong> ${untrusted(message ?? "", 300)}`;
}

function attemptsLeft({ failure, retry = 25 }: ServerJob): string {
  if (failure === undefined) {
    return retry === -1
      ? "none yet, dead after the first failure"
      : `none yet, ${formatInteger(Math.max(0, retry))} retries`;
  }
  return `${formatInteger(failure.retryCount + 1)} failed, ${
    formatInteger(Math.max(0, failure.remaining))
  } retries left`;
}

function actions(visit: Visit, { jid, place, queue }: ServerJob): Html | "" {
  if (visit.settings.readOnly) return "";
  const all = [...actionsIn(place), ...place === "dead" ? [] : [["cancel", "Cancel"] as const]];
  return html`<form class="bar" method="post" action="${link(visit, "/job")}">
    <input type="hidden" name="jid" value="${jid}">
    <input type="hidden" name="set" value="${place}">
    ${place === "queue" ? html`<input type="hidden" name="queue" value="${queue}">` : ""}
    ${
    all.map(([name, title]) =>
      html`<button name="action" value="${name}" class="${name}">${
        name === "retry" && place !== "scheduled"
          ? "Retry now"
          : name === "retry"
          ? "Run now"
          : title
      }</button>`
    )
  }
  </form>`;
}

function pretty(json: string): string {
  try {
    return json.length > 20_000 ? json : JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
