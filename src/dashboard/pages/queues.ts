import type { ShownQueue } from "../source.ts";
import { type Html, html } from "../view/html.ts";
import { empty, page } from "../view/layout.ts";
import { formatInteger, shortTime, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";

/** Queues on a page. */
const PER_PAGE = 100;

/** Renders all queues. */
export async function queuesPage(visit: Visit): Promise<Html> {
  const text = visit.query.get("text") ?? "";
  const start = Math.min(Math.max(0, Math.trunc(Number(visit.query.get("offset")) || 0)), 1e12);
  const { queues, total } = await visit.source.queues({ text, offset: start, limit: PER_PAGE });
  const at = (offset: number) => link(visit, "/queues", { text, offset: offset || undefined });
  return page(
    visit,
    { title: "Queues", active: "/queues", live: text === "" },
    html`
      ${text === "" && total <= 10 ? "" : html`
        <form class="filters" role="search">
          <label>Name <input name="text" value="${text}"></label>
          <button>Search</button>
        </form>
      `}
      ${queues.length === 0
        ? empty(
          text === "" && start === 0
            ? "No queues yet. The first job of a queue creates it."
            : "No queue has a name like this.",
        )
        : queueTable(visit, queues)}
      <p class="pages">
        ${start > 0 ? html`<a href="${at(Math.max(0, start - PER_PAGE))}" rel="prev">Back</a>` : ""}
        ${start + PER_PAGE < total
          ? html`<a href="${at(start + PER_PAGE)}" rel="next">More</a>`
          : ""}
      </p>
    `,
  );
}

/** Renders queues with buttons. */
export function queueTable(visit: Visit, queues: readonly ShownQueue[]): Html {
  const { readOnly } = visit.settings;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Table of queues">
      <table>
        <thead>
          <tr><th scope="col">Queue</th><th scope="col" class="number">Jobs</th>
        <th scope="col" class="number">Oldest job</th>${readOnly
          ? ""
          : html`<th scope="col"><span class="hidden">Actions</span></th>`}</tr>
        </thead>
        <tbody>
        ${queues.map((queue) =>
          html`<tr>
      <th scope="row">${queueLink(visit, queue.name)} ${
            queue.paused === true ? html`<span class="badge">paused</span>` : ""
          }</th>
      <td class="number">${formatInteger(queue.size)}</td>
      <td class="number">${latency(queue)}</td>
      ${readOnly ? "" : html`<td class="actions">${queueActions(visit, queue)}</td>`}
    </tr>`
        )}
      </tbody>
      </table>
    </div>
  `;
}

/** Renders a queue's name as a link to its jobs. */
export function queueLink(visit: Visit, name: string): Html {
  return visit.inspection === undefined
    ? untrusted(name)
    : html`<a href="${link(visit, "/queue", { name })}">${untrusted(name)}</a>`;
}

/** Renders the buttons of a queue. */
export function queueActions(visit: Visit, { name, paused }: ShownQueue): Html {
  const button = (action: string, text: string) =>
    html`
      <button name="action" value="${action}"
        aria-label="${`${text} ${name}`}">${text}</button>
    `;
  return html`<form method="post" action="${link(visit, "/queues")}">
    <input type="hidden" name="name" value="${name}">
    ${paused === true ? "" : button("pause", "Pause")}
    ${paused === false ? "" : button("resume", "Resume")}
    ${button("remove", "Remove")}
  </form>`;
}

function latency({ size, latency }: ShownQueue): Html | string {
  if (size === 0) return html`<span class="none">none</span>`;
  if (latency === undefined) {
    const title = "The oldest job does not tell when it was enqueued";
    return html`<span class="none" title="${title}">unknown</span>`;
  }
  return shortTime(latency);
}
