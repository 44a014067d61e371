import { type Html, html } from "../view/html.ts";
import { empty, noListingHint, page } from "../view/layout.ts";
import { formatCount, formatInteger, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import {
  findWorkflows,
  type ShownWorkflow,
  type WorkflowJob,
  type WorkflowStep,
} from "../workflows.ts";

/** Maximum number of workflows, and of jobs of each. */
const MAX_WORKFLOWS = 100;
const MAX_JOBS = 50;

/** Jobs on the server above which the page does not reload itself: each time searches them all. */
const MAX_LIVE = 10_000;

const STATES: Readonly<Record<WorkflowStep["state"], string>> = {
  queue: "waits on its queue",
  scheduled: "scheduled",
  retries: "waits for a retry",
  dead: "dead",
  working: "running",
  succeeded: "succeeded",
  failed: "failed",
  pending: "not started",
};

/** Classes of the badges, for their colours. */
const COLOURS: Readonly<Record<string, string>> = {
  ...{ retries: "dead", dead: "dead", failed: "dead", working: "running", succeeded: "running" },
};

/** Renders the workflows, or the one of the parameter `id`. */
export async function workflowsPage(visit: Visit): Promise<Html> {
  const { source, inspection, query } = visit;
  const id = query.get("id") ?? "";
  const options = { title: "Workflows", active: "/workflows" };
  if (inspection === undefined) return page(visit, options, noListingHint(visit));
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
        ? html`<p class="hint">The first ${formatCount(MAX_WORKFLOWS, "workflow")}.</p>`
        : ""}
    `
    : id === ""
    ? empty(
      "No workflows. Start one with chain() or join() of the entry ./workflow. A finished one" +
        " stays here for as many days as its option statusDays says.",
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

function card(visit: Visit, workflow: ShownWorkflow): Html {
  const { id, state, total, succeeded, jobs, joins, steps } = workflow;
  return html`<li class="card">
    <h2><a href="${link(visit, "/workflows", { id })}">${untrusted(id, 60)}</a>
      ${badge(state, state)}</h2>
    ${
    total === undefined
      ? ""
      : html`<p><progress value="${succeeded.length}" max="${Math.max(total, 1)}"
        aria-label="${`Progress of ${id}`}"></progress>
        ${formatInteger(succeeded.length)} of ${formatCount(total, "job")} succeeded</p>`
  }
    ${
    joins.map(({ path, succeeded }) =>
      html`<p class="hint">The join at ${untrusted(path)} waits: ${
        formatCount(succeeded, "part")
      } done.</p>`
    )
  }
    ${steps.length > 0 ? stepList(visit, workflow) : jobList(visit, jobs)}
    ${
    jobs.length === 0 && state === "running"
      ? html`<p class="hint">No job of it waits or runs at this moment.</p>`
      : ""
  }
  </li>`;
}

function badge(state: string, text: string): Html {
  return html`<span class="${`badge ${COLOURS[state] ?? ""}`}">${text}</span>`;
}

/** Renders all steps of a workflow that keeps its state. */
function stepList(visit: Visit, { id, steps }: ShownWorkflow): Html {
  const shown = steps.slice(0, MAX_JOBS);
  return html`<ul class="runs">${
    shown.map(({ path, type, state }) => {
      const isOnServer = state !== "pending" && state !== "succeeded" && state !== "failed";
      const name = untrusted(type);
      const address = link(visit, "/job", { jid: `${id}.${path}` });
      return html`<li>${isOnServer ? html`<a href="${address}">${name}</a>` : name}
        <span class="none">${untrusted(path)}</span> ${badge(state, STATES[state])}</li>`;
    })
  }</ul>${more(steps.length)}`;
}

/** Renders the jobs that are on the server, of a workflow that does not keep its state. */
function jobList(visit: Visit, jobs: readonly WorkflowJob[]): Html | "" {
  if (jobs.length === 0) return "";
  const shown = jobs.slice(0, MAX_JOBS);
  return html`<ul class="runs">${
    shown.map(({ jid, type, path, place, next }) =>
      html`<li><a href="${link(visit, "/job", { jid })}">${untrusted(type)}</a>
        <span class="none">${untrusted(path)}</span> ${badge(place, STATES[place])}${
        next === "" ? "" : html`
          <span class="hint">then ${untrusted(next, 200)}</span>
        `
      }</li>`
    )
  }</ul>${more(jobs.length)}`;
}

function more(all: number): Html | "" {
  return all > MAX_JOBS ? html`<p class="hint">and ${formatInteger(all - MAX_JOBS)} more</p>` : "";
}
