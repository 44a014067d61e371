import type { JobPage, JobQuery } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { empty, page } from "../view/layout.ts";
import { count, whole } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { bulkButtons, jobTable, type ListedPlace, TEXTS } from "./job_table.ts";
import { protocolPage } from "./protocol_jobs.ts";
import { queueActions } from "./queues.ts";

/** Jobs on a page. */
const PER_PAGE = 25;

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
    : jobTable(visit, { place, jobs: found.jobs, canChange });
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
