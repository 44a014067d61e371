import type { ServerJob, ServerWorker } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { empty, noListingHint, page } from "../view/layout.ts";
import { distance, formatCount, formatDuration, kib, time, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";

/** Maximum number of workers, and of jobs of each. */
const MAX_WORKERS = 200;
const MAX_JOBS = 50;

const STATES = { running: "running", quiet: "quiet", terminate: "stopping" } as const;

function runtime({ startedAt }: ServerJob, now: number): string {
  return startedAt === undefined
    ? ""
    : `for ${formatDuration((now - startedAt.getTime()) / 1000)}, `;
}

/** Renders the rest of a job's reservation. */
function reservation({ at }: ServerJob, now: number): Html {
  return at !== undefined && at.getTime() > now
    ? html`reserved for another ${distance(at, now)}`
    : html`reservation ended ${time(at, now)}`;
}

/** Renders the worker processes. */
export async function workersPage(visit: Visit): Promise<Html> {
  const options = { title: "Workers", active: "/workers", live: true };
  if (visit.inspection === undefined) {
    return page(visit, { ...options, live: false }, noListingHint(visit));
  }
  const workers = await visit.inspection.workers();
  if (workers.length === 0) {
    return page(
      visit,
      options,
      empty(
        "No worker is connected. Start one:",
        html`<pre tabindex="0"><code>npx @faktory-ts/faktory work ./handlers.mjs</code></pre>`,
      ),
    );
  }
  return page(
    visit,
    options,
    html`
      <p>${formatCount(workers.length, "worker")}</p>
      <ul class="cards">${workers.slice(0, MAX_WORKERS).map((worker) => card(visit, worker))}</ul>
      ${workers.length > MAX_WORKERS
        ? html`<p class="hint">The first ${formatCount(MAX_WORKERS, "worker")}.</p>`
        : ""}
    `,
  );
}

function card(visit: Visit, worker: ServerWorker): Html {
  const { wid, hostname, pid, labels, state, connections, rssKb, since, lastBeat, jobs } = worker;
  const { now, settings } = visit;
  return html`<li class="card">
    <h2>${untrusted(hostname || "unknown host")} <span class="none">pid ${String(pid)}</span>
      <span class="${`badge ${state}`}">${STATES[state]}</span></h2>
    <p>${
    labels.map((label) =>
      html`
        <span class="badge label">${untrusted(label, 40)}</span>
      `
    )
  }</p>
    <p class="hint">Connected ${time(since, now)}, last heartbeat ${time(lastBeat, now)}, ${
    formatCount(connections, "connection")
  }${rssKb === undefined ? "" : `, ${kib(rssKb)} of memory`}. Id ${untrusted(wid, 60)}</p>
    ${
    jobs.length === 0
      ? html`<p class="none">Idle.</p>`
      : html`<ul class="runs">${
        jobs.slice(0, MAX_JOBS).map((job) =>
          html`<li><a href="${link(visit, "/job", { jid: job.jid })}">${untrusted(job.type)}</a>
          <code>${untrusted(job.args, 80)}</code> ${runtime(job, now)}${reservation(job, now)}</li>`
        )
      }</ul>${
        jobs.length > MAX_JOBS ? html`<p class="hint">and ${jobs.length - MAX_JOBS} more</p>` : ""
      }`
  }
    ${
    settings.readOnly || state === "terminate"
      ? ""
      : html`<form method="post" action="${link(visit, "/workers")}" class="bar">
      <input type="hidden" name="wid" value="${wid}">
      ${
        state === "quiet" ? "" : html`
          <button name="action" value="quiet"
            aria-label="${`Quiet ${hostname} ${pid}`}">Quiet</button>
        `
      }
      <button name="action" value="terminate"
        aria-label="${`Terminate ${hostname} ${pid}`}">Terminate</button>
    </form>`
  }
  </li>`;
}
