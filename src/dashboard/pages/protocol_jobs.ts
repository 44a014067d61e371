import { type Html, html } from "../view/html.ts";
import { noListingHint, page } from "../view/layout.ts";
import { formatInteger } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { cancelForm } from "./job.ts";
import { bulkButtons, type ListedPlace } from "./job_table.ts";

/** Renders a set of a server that lists no jobs: its size, and a form for changes by a filter. */
export async function protocolPage(visit: Visit, place: ListedPlace, title: string): Promise<Html> {
  if (place === "queue" || place === "working") {
    return page(visit, { title, active: "/queues" }, noListingHint(visit));
  }
  const { sets } = await visit.source.info();
  return page(
    visit,
    { title, active: `/${place}` },
    html`
      <p class="size"><strong>${formatInteger(sets[place])}</strong> ${sets[place] === 1
        ? "job"
        : "jobs"}</p>
      ${noListingHint(visit)}
      ${visit.settings.readOnly ? "" : html`
        <form class="filters" method="post" action="${link(visit, `/${place}`)}">
            <label>Type <input name="type"></label>
            <label>Text in its JSON <input name="text"></label>
            ${bulkButtons(place, "matching", "all that match")}
          </form>
        <p class="hint">Fill in one of the two, or neither for all jobs of the set.</p>
        ${place === "dead" ? "" : cancelForm(visit)}
      `}
    `,
  );
}
