import type { ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { errorLine, foreign, time } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueLink } from "./queues.ts";

/** A place with a page of its own. */
export type ListedPlace = "scheduled" | "retries" | "dead" | "working" | "queue";

interface PlaceTexts {
  readonly title: string;
  /** What a job's time means here. */
  readonly time: string;
  readonly none: string;
}

/** What is said of each place. */
export const TEXTS: Readonly<Record<ListedPlace, PlaceTexts>> = {
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
    time: "Reservation ends",
    none: "No job runs at this moment. Start a worker: npx @faktory-ts/faktory work ./handlers.js",
  },
  queue: { title: "Queue", time: "Enqueued", none: "No job waits on this queue." },
};

const BULK = [["retry", "Retry"], ["kill", "Kill"], ["discard", "Discard"]] as const;

/** The actions that make sense in a place. */
export function actionsIn(place: string): readonly (readonly [string, string])[] {
  return place === "dead" ? BULK.filter(([name]) => name !== "kill") : BULK;
}

/** Buttons that change many jobs. */
export function bulkButtons(place: ListedPlace, which: string, what: string): Html[] {
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

/** Jobs, each with a link to its page and, where they can be changed, with buttons. */
export function jobTable(
  visit: Visit,
  { place, jobs, canChange }: {
    readonly place: ListedPlace;
    readonly jobs: readonly ServerJob[];
    readonly canChange: boolean;
  },
): Html {
  const hasErrors = place === "retries" || place === "dead" ||
    jobs.some(({ failure }) => failure !== undefined);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Table of jobs">
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
        <tbody>${jobs.map((job) => jobRow(visit, job, { place, hasErrors, canChange }))}</tbody>
      </table>
    </div>
  `;
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
    <th scope="row"><a href="${link(visit, "/job", { jid })}">${foreign(type)}</a>
      <span class="jid">${foreign(jid, 40)}</span></th>
    ${place === "queue" ? "" : html`<td>${queueLink(visit, queue)}</td>`}
    <td><code>${foreign(job.args, 120)}</code></td>
    ${hasErrors ? html`<td class="error">${foreign(errorLine(job), 160)}</td>` : ""}
    <td>${time(at, visit.now)}</td>
    ${
    canChange
      ? html`<td class="actions">${
        actionsIn(place).map(([name, title]) => {
          const said = runs(place, title).replace(/:$/, "");
          return html`<button name="one" value="${`${name}:${jid}`}" aria-label="${`${said} ${label}`}">${said}</button>`;
        })
      }</td>`
      : ""
  }
  </tr>`;
}
