import type { ServerHistory } from "../../inspect/types.ts";
import { chart } from "../view/chart.ts";
import { type Html, html } from "../view/html.ts";
import { empty, page } from "../view/layout.ts";
import { formatCount, formatDuration, formatInteger, rate } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueTable } from "./queues.ts";

/** Maximum number of queues. A link leads to the others. */
const MAX_QUEUES = 10;

/** Renders the server's statistics, its history and its largest queues. */
export async function overviewPage(visit: Visit): Promise<Html> {
  const { source, inspection, rates, query } = visit;
  const [info, { queues, total, jobs: waiting }, history] = await Promise.all([
    source.info(),
    source.queues({ order: "size", limit: MAX_QUEUES }),
    inspection?.history(),
  ]);
  const { totals, sets, server } = info;
  const speed = rates.measure(info);
  const range = query.get("range") === "week" ? "week" : "hour";
  const isNew = totals.processed === 0 && waiting === 0 &&
    Object.values(sets).every((size) => size === 0);
  const tiles: [title: string, value: string, path: string | undefined, more: string][] = [
    ["Processed", formatInteger(totals.processed), undefined, speed ? rate(speed.processed) : ""],
    ["Failed", formatInteger(totals.failures), undefined, speed ? rate(speed.failed) : ""],
    ["Waiting", formatInteger(waiting), "/queues", waitingMore(total, history, visit.now)],
    ["Working", formatInteger(sets.working), inspection && "/working", ""],
    ["Scheduled", formatInteger(sets.scheduled), "/scheduled", ""],
    ["Retries", formatInteger(sets.retries), "/retries", ""],
    ["Dead", formatInteger(sets.dead), "/dead", ""],
  ];
  const ranges = [["hour", "Last hour"], ["week", "Last week"]] as const;
  return page(
    visit,
    { title: "Overview", active: "/", live: true },
    html`
      <ul class="tiles">
        ${tiles.map(([title, value, path, more]) => {
          const body = html`<span class="title">${title}</span><span class="value">${value}</span>
        <span class="more">${more}</span>`;
          return html`<li class="${isBad(title, value) ? "bad" : ""}">${
            path === undefined ? body : html`<a href="${link(visit, path)}">${body}</a>`
          }</li>`;
        })}
      </ul>
      ${isNew ? firstSteps() : ""}
      ${history === undefined ? "" : html`<section aria-labelledby="history">
    <h2 id="history">History</h2>
    <p class="tabs">${
        ranges.map(([name, title]) =>
          html`
            <a href="${link(visit, "/", {
              range: name === "week" ? name : undefined,
            })}" ${name === range
              ? html`
                aria-current="true"
              `
              : ""}>${title}</a>
          `
        )
      }</p>
    ${chart(history[range], range === "week" ? "Last week" : "Last hour")}
  </section>`}
      <section aria-labelledby="queues">
        <h2 id="queues">Queues</h2>
        ${queues.length === 0
          ? empty("No queues yet. The first job of a queue creates it.")
          : queueTable(visit, queues)}
        ${total > MAX_QUEUES
          ? html`<p><a href="${link(visit, "/queues")}">All ${formatCount(total, "queue")}</a></p>`
          : ""}
      </section>
      <p class="server">${server.description} ${server.version} · up ${formatDuration(
        server.uptimeSeconds,
      )} · ${formatCount(server.connections, "connection")} · ${formatInteger(
        server.usedMemoryMb,
      )} MB</p>
    `,
  );
}

/** Marks numbers that need attention. */
function isBad(title: string, value: string): boolean {
  return (title === "Failed" || title === "Dead") && value !== "0";
}

/** Formats the number of queues and the rate of new jobs over the last 10 to 20 seconds. */
function waitingMore(queues: number, history: ServerHistory | undefined, now: number): string {
  const [before, last] = history?.hour.slice(-2) ?? [];
  if (before === undefined || last === undefined) return formatCount(queues, "queue");
  const seconds = Math.max(1, (now - before.at.getTime()) / 1000);
  return `+${rate((before.enqueued + last.enqueued) / seconds)}, ${formatCount(queues, "queue")}`;
}

const FIRST_STEPS = [
  "echo 'export default { greet: (job) => console.log(job.args) };' > handlers.mjs",
  "npx @faktory-ts/faktory push greet '\"world\"'",
  "npx @faktory-ts/faktory work ./handlers.mjs",
].join("\n");

function firstSteps(): Html {
  return empty(
    "No jobs yet. Enqueue one and run it:",
    html`<pre tabindex="0"><code>${FIRST_STEPS}</code></pre>`,
  );
}
