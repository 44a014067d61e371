import type { JobPage, JobQuery, ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { elsewhere, empty, page } from "../view/layout.ts";
import { count, errorLine, foreign, time, whole } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueActions, queueLink } from "./queues.ts";

/** Jobs on a page. */
const PER_PAGE = 25;

/** A place with a page of its own. */
export type ListedPlace = "scheduled" | "retries" | "dead" | "working" | "queue";

interface PlaceTexts {
  readonly title: string;
  /** What a job's time means here. */
  readonly time: string;
  readonly none: string;
}

const TEXTS: Readonly<Record<ListedPlace, PlaceTexts>> = {
  scheduled: {
    title: "Scheduled",
    time: "Runs",
    none: "No job waits for a time. Enqueue one with the option at.",
  },
  retries: {
    title: "Retries",
    time: "Next try",
    none: "No job waits for its next try. Jobs that fail come here first.",
  },
  dead: {
    title: "Dead",
    time: "Failed",
    none: "No dead jobs. Jobs whose retries are used up come here, and stay for 180 days.",
  },
  working: {
    title: "Working",
    time: "Reserved until",
    none: "No job runs at this moment. Start a worker: npx @faktory-ts/faktory work ./handlers.js",
  },
  queue: { title: "Queue", time: "Enqueued", none: "No job waits on this queue." },
};

/** The filters of a list, as parameters of its address and fields of its form. */
const FILTERS = ["type", "queue", "error", "text"] as const;

/** The filters that a visit has. */
export function filtersOf(query: URLSearchParams): Partial<Record<typeof FILTERS[number], string>> {
  return Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name)?.trim() ?? "";
      return value === "" ? [] : [[name, value.slice(0, 1000)]];
    }),
  );
}

/** The jobs of a set, or of a queue. */
export async function jobsPage(visit: Visit, place: ListedPlace): Promise<Html> {
  const { inspection, query } = visit;
  const { title } = TEXTS[place];
  const queue = query.get("name") ?? "";
  const heading = place === "queue" ? `Queue ${queue.slice(0, 200)}` : title;
  const path = `/${place}`;
  if (inspection === undefined) return await protocolPage(visit, place, title);
  const filters = filtersOf(query);
  const isFiltered = Object.keys(filters).length > 0;
  // What died last is what one looks for.
  const newestFirst = (query.get("order") ?? (place === "dead" ? "newest" : "oldest")) === "newest";
  const offset = Math.min(Math.max(0, Math.trunc(Number(query.get("offset")) || 0)), 1e12);
  const asked: JobQuery = { ...filters, newestFirst, offset, limit: PER_PAGE, maxArgs: 200 };
  const where: Partial<JobQuery> = place === "queue" ? { queue } : { set: place };
  const found = await inspection.jobs({ ...asked, ...where });
  const parameters = {
    ...filters,
    name: place === "queue" ? queue : undefined,
    order: query.get("order") ?? undefined,
  };
  const list = { place, path, found, filters, parameters, newestFirst, offset };
  const options = {
    title: heading,
    active: place === "queue" ? "/queues" : path,
    live: !isFiltered && offset === 0,
  };
  return page(
    visit,
    options,
    html`
      ${place === "queue" ? await queueHead(visit, queue) : ""}
      ${found.total === 0 && !isFiltered ? empty(TEXTS[place].none) : jobList(visit, list)}
    `,
  );
}

async function queueHead(visit: Visit, name: string): Promise<Html | ""> {
  const { queues: [queue] } = await visit.source.queues({ name });
  if (queue === undefined) return empty("There is no queue of this name.");
  if (visit.settings.readOnly) return "";
  return html`<div class="bar">${
    queue.paused === true
      ? html`
        <span class="badge">paused</span>
      `
      : ""
  }${queueActions(visit, queue)}</div>`;
}

interface List {
  readonly place: ListedPlace;
  readonly path: string;
  readonly found: JobPage;
  readonly filters: Partial<Record<typeof FILTERS[number], string>>;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly newestFirst: boolean;
  readonly offset: number;
}

function jobList(visit: Visit, list: List): Html {
  const { place, path, found, filters, parameters } = list;
  const canChange = !visit.settings.readOnly && place !== "working" && place !== "queue";
  const table = found.jobs.length === 0
    ? empty("No job here matches.", found.next === undefined ? "" : "Search on, below.")
    : jobTable(visit, list, canChange);
  const isFiltered = Object.keys(filters).length > 0;
  return html`
    ${searchForm(visit, list)}
    ${canChange
      ? html`<form method="post" action="${link(visit, path)}">
    ${
        Object.entries(parameters).map(([name, value]) =>
          value === undefined ? "" : html`<input type="hidden" name="${name}" value="${value}">`
        )
      }
    <fieldset class="bar"><legend class="hidden">Change jobs</legend>
      <label class="all"><input type="checkbox" data-all> All on this page</label>
      ${bulkButtons(place, "selected", "selected")}
      <span class="apart">${
        bulkButtons(place, "matching", isFiltered ? "all that match" : "all")
      }</span>
    </fieldset>
    ${table}
  </form>`
      : table}
    ${pages(visit, list)}
  `;
}

function searchForm(visit: Visit, { place, path, filters, parameters, newestFirst }: List): Html {
  const names = FILTERS.filter((name) => place !== "queue" || name !== "queue");
  const titles = { type: "Type", queue: "Queue", error: "Error", text: "Text" };
  return html`<form class="filters" role="search" action="${link(visit, path)}">
    ${
    place === "queue" ? html`<input type="hidden" name="name" value="${parameters["name"]}">` : ""
  }
    ${
    names.map((name) =>
      html`<label>${titles[name]} <input name="${name}" value="${filters[name] ?? ""}"></label>`
    )
  }
    <label>Order <select name="order">
      <option value="oldest"${
    newestFirst ? "" : html`
      selected
    `
  }>first to last</option>
      <option value="newest"${
    newestFirst
      ? html`
        selected
      `
      : ""
  }>last to first</option>
    </select></label>
    <button>Search</button>
    ${
    Object.keys(filters).length === 0
      ? ""
      : html`<a href="${link(visit, path, { name: parameters["name"] })}">Clear</a>`
  }
  </form>`;
}

const BULK = [["retry", "Retry"], ["kill", "Kill"], ["discard", "Discard"]] as const;

/** The actions that make sense in a place. */
export function actionsIn(place: string): readonly (readonly [string, string])[] {
  return place === "dead" ? BULK.filter(([name]) => name !== "kill") : BULK;
}

function bulkButtons(place: ListedPlace, which: string, what: string): Html[] {
  return actionsIn(place).map(([name, title]) =>
    html`<button name="bulk" value="${`${name}:${which}`}" ${
      which === "selected" ? html`data-bulk` : ""
    }>${runs(place, title)} ${what}</button>`
  );
}

/** A scheduled job is not retried, it is run before its time. */
function runs(place: string, title: string): string {
  return place === "scheduled" && title === "Retry" ? "Run now:" : title;
}

function jobTable(visit: Visit, { place, found }: List, canChange: boolean): Html {
  const hasErrors = place === "retries" || place === "dead" ||
    found.jobs.some(({ failure }) => failure !== undefined);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Jobs">
      <table class="jobs">
        <thead>
          <tr>
        ${canChange ? html`<th scope="col"><span class="hidden">Selected</span></th>` : ""}
        <th scope="col">Job</th>
        ${place === "queue" ? "" : html`<th scope="col">Queue</th>`}
        <th scope="col">Arguments</th>
        ${hasErrors ? html`<th scope="col">Error</th>` : ""}
        <th scope="col">${TEXTS[place].time}</th>
        ${canChange ? html`<th scope="col"><span class="hidden">Actions</span></th>` : ""}
      </tr>
        </thead>
        <tbody>${found.jobs.map((job) =>
          jobRow(visit, job, { place, hasErrors, canChange })
        )}</tbody>
      </table>
    </div>
  `;
}

/** A job's own page, with where the job is now. */
function jobLink(visit: Visit, { jid, place, at }: ServerJob): string {
  const isInSet = place === "scheduled" || place === "retries" || place === "dead";
  return link(visit, "/job", isInSet ? { jid, set: place, at: at?.getTime() } : { jid });
}

function jobRow(
  visit: Visit,
  job: ServerJob,
  { place, hasErrors, canChange }: {
    readonly place: ListedPlace;
    readonly hasErrors: boolean;
    readonly canChange: boolean;
  },
): Html {
  const { jid, type, queue } = job;
  const at = place === "dead" ? job.failure?.failedAt : place === "queue" ? job.enqueuedAt : job.at;
  const label = `${type.slice(0, 60)} ${jid.slice(0, 60)}`;
  return html`<tr>
    ${
    canChange
      ? html`<td><input type="checkbox" name="jid" value="${jid}" aria-label="${`Select ${label}`}"></td>`
      : ""
  }
    <th scope="row"><a href="${jobLink(visit, job)}">${foreign(type)}</a>
      <span class="jid">${foreign(jid, 40)}</span></th>
    ${place === "queue" ? "" : html`<td>${queueLink(visit, queue)}</td>`}
    <td><code>${foreign(job.args, 120)}</code></td>
    ${hasErrors ? html`<td class="error">${foreign(errorLine(job), 160)}</td>` : ""}
    <td>${time(at, visit.now)}</td>
    ${
    canChange
      ? html`<td class="actions">${
        actionsIn(place).map(([name, title]) =>
          html`<button name="one" value="${`${name}:${jid}`}" aria-label="${`${title} ${label}`}">${
            runs(place, title).replace(/:$/, "")
          }</button>`
        )
      }</td>`
      : ""
  }
  </tr>`;
}

function pages(visit: Visit, { path, found, parameters, offset, filters }: List): Html {
  const { jobs, total, searched, next } = found;
  const at = (offset: number) => link(visit, path, { ...parameters, offset: offset || undefined });
  const isFiltered = Object.keys(filters).length > 0;
  const said = isFiltered
    ? `${count(jobs.length, "job")} found, searched ${whole(offset + searched)} of ${whole(total)}`
    : jobs.length === 0
    ? count(total, "job")
    : `${whole(offset + 1)} to ${whole(offset + jobs.length)} of ${count(total, "job")}`;
  return html`<p class="pages"><span>${said}</span>
    ${offset > 0 ? html`<a href="${at(0)}">First</a>` : ""}
    ${
    offset > 0 && !isFiltered
      ? html`<a href="${at(Math.max(0, offset - PER_PAGE))}" rel="prev">Back</a>`
      : ""
  }
    ${
    next === undefined
      ? ""
      : html`<a href="${at(next)}" rel="next">${isFiltered ? "Search on" : "More"}</a>`
  }
  </p>`;
}

/** A set of a server that lists no jobs: its size, and changes by a filter. */
async function protocolPage(visit: Visit, place: ListedPlace, title: string): Promise<Html> {
  if (place === "queue" || place === "working") {
    return page(visit, { title, active: "/queues" }, elsewhere(visit));
  }
  const { sets } = await visit.source.info();
  return page(
    visit,
    { title, active: `/${place}` },
    html`
      <p class="size"><strong>${whole(sets[place])}</strong> ${sets[place] === 1
        ? "job"
        : "jobs"}</p>
      ${elsewhere(visit)}
      ${visit.settings.readOnly ? "" : html`
        <form class="filters" method="post" action="${link(visit, `/${place}`)}">
            <label>Type <input name="type"></label>
            <label>Text in its JSON <input name="text"></label>
            ${bulkButtons(place, "matching", "all that match")}
          </form>
        <p class="hint">Give one of the two, or neither for all jobs of the set.</p>
      `}
    `,
  );
}
