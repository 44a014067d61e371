import { type Html, html } from "../view/html.ts";
import { elsewhere, empty, page } from "../view/layout.ts";
import { count, foreign, whole } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { findWorkflows, type ShownWorkflow, type WorkflowJob } from "../workflows.ts";

/** Maximum number of workflows, and of jobs of each. */
const MAX_WORKFLOWS = 100;
const MAX_JOBS = 50;

/** Jobs on the server above which the page does not reload itself: each time searches them all. */
const MAX_LIVE = 10_000;

const PLACES: Readonly<Record<WorkflowJob["place"], string>> = {
  queue: "waits on its queue",
  scheduled: "scheduled",
  retries: "waits for a retry",
  dead: "dead",
  working: "running",
};

const BADGES = { running: "", failed: "dead", succeeded: "running" } as const;

/** Renders the workflows, or the one of the parameter `id`. */
export async function workflowsPage(visit: Visit): Promise<Html> {
  const { source, inspection, query } = visit;
  const id = query.get("id") ?? "";
  const options = { title: "Workflows", active: "/workflows" };
  if (inspection === undefined) return page(visit, options, elsewhere(visit));
  const [{ workflows, isComplete }, { sets }, { jobs }] = await Promise.all([
    findWorkflows(source, inspection, id === "" ? undefined : id),
    source.info(),
    source.queues({ limit: 1 }),
  ]);
  const all = Object.values(sets).reduce((sum, size) => sum + size, jobs);
  const body = workflows.length > 0
    ? html`
      <ul class="cards">${workflows.slice(0, MAX_WORKFLOWS).map((one) => card(visit, one))}</ul>
      ${workflows.length > MAX_WORKFLOWS
        ? html`<p class="hint">The first ${count(MAX_WORKFLOWS, "workflow")}.</p>`
        : ""}
    `
    : id === ""
    ? empty(
      "No workflows. Start one with chain() or join() of the entry ./workflow. A finished workflow " +
        "stays here for as many days as its option statusDays says.",
    )
    : empty("No job of this workflow is here. It has finished, or it never was.");
  return page(
    visit,
    { ...options, live: all <= MAX_LIVE },
    html`
      ${id === "" ? "" : html`<p><a href="${link(visit, "/workflows")}">All workflows</a></p>`}
      ${body}
      ${isComplete
        ? ""
        : html`<p class="hint">There may be more: the server has too many jobs to search them
        all.</p>`}
    `,
  );
}

function card(visit: Visit, { id, state, total, succeeded, jobs, joins }: ShownWorkflow): Html {
  const isKnown = total !== undefined;
  return html`<li class="card">
    <h2><a href="${link(visit, "/workflows", { id })}">${foreign(id, 60)}</a>
      <span class="${`badge ${BADGES[state]}`}">${state}</span></h2>
    ${
    isKnown
      ? html`<p><progress value="${succeeded.length}" max="${Math.max(total, 1)}"
        aria-label="${`Progress of ${id}`}"></progress>
        ${whole(succeeded.length)} of ${count(total, "job")} succeeded</p>`
      : ""
  }
    ${
    joins.map(({ path, succeeded }) =>
      html`<p class="hint">The join at ${foreign(path)} waits: ${
        count(succeeded, "part")
      } done.</p>`
    )
  }
    ${
    jobs.length === 0
      ? ""
      : html`<ul class="runs">${
        jobs.slice(0, MAX_JOBS).map(({ jid, type, path, place, next }) =>
          html`<li><a href="${link(visit, "/job", { jid })}">${foreign(type)}</a>
          <span class="none">${foreign(path)}</span>
          <span class="${`badge ${place}`}">${PLACES[place]}</span>${
            next === "" ? "" : html`
              <span class="hint">then ${foreign(next, 200)}</span>
            `
          }</li>`
        )
      }</ul>${
        jobs.length > MAX_JOBS
          ? html`<p class="hint">and ${whole(jobs.length - MAX_JOBS)} more</p>`
          : ""
      }`
  }
    ${
    jobs.length === 0 && state === "running"
      ? html`<p class="hint">No job of it waits or runs at this moment.</p>`
      : ""
  }
  </li>`;
}
