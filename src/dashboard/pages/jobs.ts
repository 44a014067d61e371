import type { JobPage, JobQuery } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { empty, page } from "../view/layout.ts";
import { formatCount, formatInteger } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { bulkButtons, jobTable, type ListedPlace, TEXTS } from "./job_table.ts";
import { protocolPage } from "./protocol_jobs.ts";
import { queueActions } from "./queues.ts";

/** Jobs on a page. */
const PER_PAGE = 25;

/** Filters of a list: parameters of its address and fields of its form. */
const FILTERS = ["type", "queue", "error", "text"] as const;

/** Orders of a list, with their names in the form. */
const ORDERS = {
  oldest: "time, first to last",
  newest: "time, last to first",
  type: "type",
  queue: "queue",
  error: "error",
  attempts: "attempts, most first",
} as const;

type Order = keyof typeof ORDERS;

/** Reads the filters of a list. */
export function filtersOf(query: URLSearchParams): Partial<Record<typeof FILTERS[number], string>> {
  return Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name)?.trim() ?? "";
      return value === "" ? [] : [[name, value.slice(0, 1000)]];
    }),
  );
}

function orderOf(order: Order): Pick<JobQuery, "sort" | "newestFirst"> {
  return order === "oldest" || order === "newest"
    ? { newestFirst: order === "newest" }
    : { sort: order };
}

/** Renders the jobs of a set or queue. */
export async function jobsPage(visit: Visit, place: ListedPlace): Promise<Html> {
  const { inspection, query } = visit;
  const { title } = TEXTS[place];
  const queue = query.get("name") ?? "";
  const heading = place === "queue" ? `Queue ${queue.slice(0, 200)}` : title;
  const path = `/${place}`;
  if (inspection === undefined) return await protocolPage(visit, place, title);
  const filters = filtersOf(query);
  const isFiltered = Object.keys(filters).length > 0;
  // The latest failure is usually the interesting one.
  const preset: Order = place === "dead" ? "newest" : "oldest";
  const given = query.get("order") ?? "";
  const order = Object.hasOwn(ORDERS, given) ? given as Order : preset;
  const offset = Math.min(Math.max(0, Math.trunc(Number(query.get("offset")) || 0)), 1e12);
  const found = await inspection.jobs({
    ...filters,
    ...orderOf(order),
    ...{ offset, limit: PER_PAGE, maxArgs: 200 },
    ...place === "queue" ? { queue } : { set: place },
  });
  const parameters = {
    ...filters,
    name: place === "queue" ? queue : undefined,
    order: order === preset ? undefined : order,
  };
  const list = { place, path, found, filters, parameters, order, offset };
  const options = {
    title: heading,
    active: place === "queue" ? "/queues" : path,
    live: !isFiltered && offset === 0 && found.sorted === undefined,
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
  readonly order: Order;
  readonly offset: number;
}

function jobList(visit: Visit, list: List): Html {
  const { place, path, found, filters, parameters } = list;
  const canChange = !visit.settings.readOnly && place !== "working";
  const table = found.jobs.length === 0
    ? empty(
      list.offset > 0 && Object.keys(filters).length === 0
        ? "The list has become shorter: no job is left on this page."
        : "No job here matches.",
      found.next === undefined ? "" : "Search on, below.",
    )
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
      ${
        place === "queue"
          ? ""
          : html`<span class="apart">${
            bulkButtons(place, "matching", isFiltered ? "all that match" : "all")
          }</span>`
      }
    </fieldset>
    ${table}
  </form>`
      : table}
    ${pages(visit, list)}
  `;
}

function searchForm(visit: Visit, { place, path, filters, parameters, order }: List): Html {
  const isQueue = place === "queue";
  const names = FILTERS.filter((name) => !isQueue || name !== "queue");
  const hasErrors = place === "retries" || place === "dead";
  const titles = { type: "Type", queue: "Queue", error: "Error", text: "Text" };
  const orders = (Object.keys(ORDERS) as Order[]).filter((name) =>
    (name !== "queue" || !isQueue) && (hasErrors || name !== "error" && name !== "attempts")
  );
  return html`<form class="filters" role="search" action="${link(visit, path)}">
    ${isQueue ? html`<input type="hidden" name="name" value="${parameters["name"]}">` : ""}
    ${
    names.map((name) =>
      html`<label>${titles[name]} <input name="${name}" value="${filters[name] ?? ""}"></label>`
    )
  }
    <label>Order by <select name="order">${
    orders.map((name) =>
      html`
        <option value="${name}" ${name === order
          ? html`
            selected
          `
          : ""}>${ORDERS[name]}</option>
      `
    )
  }</select></label>
    <button>Search</button>
    ${
    Object.keys(filters).length === 0
      ? ""
      : html`<a href="${link(visit, path, { name: parameters["name"] })}">Clear</a>`
  }
  </form>`;
}

function pages(visit: Visit, { path, found, parameters, offset, filters }: List): Html {
  const { jobs, total, searched, sorted, next } = found;
  const at = (offset: number) => link(visit, path, { ...parameters, offset: offset || undefined });
  const isFiltered = Object.keys(filters).length > 0;
  // A search without an order does not know how many matches come before its page.
  const isPaged = !isFiltered || sorted !== undefined;
  const range = `${formatInteger(offset + 1)} to ${formatInteger(offset + jobs.length)}`;
  const looked = `searched ${
    formatInteger(sorted === undefined ? offset + searched : searched)
  } of ${formatInteger(total)}`;
  const said = isFiltered
    ? `${formatCount(sorted ?? jobs.length, "job")} found, ${looked}`
    : jobs.length === 0
    ? formatCount(total, "job")
    : `${range} of ${formatCount(total, "job")}`;
  const isCut = sorted !== undefined && searched < total;
  return html`<p class="pages"><span>${said}</span>
    ${offset > 0 ? html`<a href="${at(0)}">First</a>` : ""}
    ${
    offset > 0 && isPaged
      ? html`<a href="${at(Math.max(0, offset - PER_PAGE))}" rel="prev">Back</a>`
      : ""
  }
    ${
    next === undefined
      ? ""
      : html`<a href="${at(next)}" rel="next">${isPaged ? "More" : "Search on"}</a>`
  }
  </p>
  ${
    isCut
      ? html`
        <p
          class="hint">Only the first ${formatInteger(searched)} of ${formatCount(
            total,
            "job",
          )} by time are sorted here. Search for others, or order by time to page through all.</p>
      `
      : ""
  }`;
}
