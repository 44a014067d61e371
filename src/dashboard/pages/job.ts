import type { ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { elsewhere, empty, page } from "../view/layout.ts";
import { foreign, time, whole } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { actionsIn } from "./job_table.ts";
import { queueLink } from "./queues.ts";

const PLACES: Readonly<Record<ServerJob["place"], string>> = {
  queue: "waits on its queue",
  scheduled: "scheduled",
  retries: "failed, to be tried again",
  dead: "dead",
  working: "runs",
};

/** Everything about a job. `undefined` where it is not there. */
export async function jobPage(
  visit: Visit,
): Promise<{ readonly html: Html; readonly found: boolean }> {
  const { inspection, query } = visit;
  const jid = query.get("jid") ?? "";
  const title = `Job ${jid.slice(0, 100)}`;
  if (inspection === undefined) {
    return { html: page(visit, { title }, elsewhere(visit)), found: true };
  }
  const job = jid === "" ? undefined : await inspection.job(jid);
  if (job === undefined) {
    const text =
      "The server does not have this job. It may have succeeded: such jobs are forgotten.";
    return { html: page(visit, { title }, empty(text)), found: false };
  }
  return { html: page(visit, { title }, jobBody(visit, job)), found: true };
}

function jobBody(visit: Visit, job: ServerJob): Html {
  const { type, queue, place, failure, worker } = job;
  const { now } = visit;
  const isCut = job.args.length < job.argsLength;
  const facts: [string, Html | string][] = [
    ["Type", html`<strong>${foreign(type, 1000)}</strong>`],
    ["State", html`<span class="${`badge ${place}`}">${PLACES[place]}</span>`],
    ["Queue", queueLink(visit, queue)],
    ...place === "scheduled" ? [["Runs", time(job.at, now)] as [string, Html]] : [],
    ...place === "retries" ? [["Next try", time(job.at, now)] as [string, Html]] : [],
    ...place === "dead" ? [["Dropped", time(job.at, now)] as [string, Html]] : [],
    ...place === "working" ? [["Reservation ends", time(job.at, now)] as [string, Html]] : [],
    ...job.startedAt ? [["Started", time(job.startedAt, now)] as [string, Html]] : [],
    ...worker === undefined ? [] : [["Worker", foreign(worker)] as [string, Html]],
    ["Tries", triesOf(job)],
    ["Created", time(job.createdAt, now)],
    ...job.enqueuedAt ? [["Enqueued", time(job.enqueuedAt, now)] as [string, Html]] : [],
    ["Time for a run", `${whole(job.reserveFor ?? 1800)} s`],
  ];
  return html`
    ${actions(visit, job)}
    <dl class="facts">${facts.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )}</dl>
    ${failure === undefined ? "" : failureOf(job, now)}
    <h2>Arguments</h2>
    <pre tabindex="0" aria-label="Arguments"><code>${isCut
      ? job.args
      : pretty(job.args)}</code></pre>
    ${isCut
      ? html`<p class="hint">The first ${whole(job.args.length)} of ${
        whole(job.argsLength)
      } characters.</p>`
      : ""}
    ${Object.keys(job.custom).length === 0 ? "" : html`
      <h2>Custom</h2>
      <pre tabindex="0" aria-label="Custom"><code>${JSON.stringify(job.custom, null, 2).slice(
        0,
        100_000,
      )}</code></pre>
    `}
  `;
}

function failureOf({ failure }: ServerJob, now: number): Html {
  const { type = "", message = "", backtrace = [], failedAt } = failure!;
  return html`<h2>Last error</h2>
  <p class="error"><strong>${foreign(type, 200)}</strong> ${foreign(message, 2000)}</p>
  <p class="hint">Failed ${time(failedAt, now)}</p>
  ${
    backtrace.length === 0
      ? html`
        <p
          class="hint">No backtrace: the job keeps none. Enqueue with <code>backtrace: 20</code> to see one.</p>
      `
      : html`<pre tabindex="0" aria-label="Backtrace"><code>${backtrace.join("\n")}</code></pre>`
  }`;
}

function triesOf({ failure, retry = 25 }: ServerJob): string {
  if (failure === undefined) {
    return retry === -1
      ? "none yet, dead at once if it fails"
      : `none yet, ${whole(Math.max(0, retry))} retries`;
  }
  return `${whole(failure.retryCount + 1)} failed, ${
    whole(Math.max(0, failure.remaining))
  } retries left`;
}

function actions(visit: Visit, { jid, place }: ServerJob): Html | "" {
  const isInSet = place !== "queue" && place !== "working";
  if (visit.settings.readOnly || !isInSet) return "";
  return html`<form class="bar" method="post" action="${link(visit, "/job")}">
    <input type="hidden" name="jid" value="${jid}">
    <input type="hidden" name="set" value="${place}">
    ${
    actionsIn(place).map(([name, title]) =>
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
