import type { ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { errorLine, time, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueLink } from "./queues.ts";

/** A place that has its own page. */
export type ListedPlace = "scheduled" | "retries" | "dead" | "working" | "queue";

interface PlaceTexts {
  readonly title: string;
  /** Heading of the column of times. */
  readonly time: string;
  readonly none: string;
}

/** The texts of each place. */
export const TEXTS: Readonly<Record<ListedPlace, PlaceTexts>> = {
  scheduled: {
    title: "Scheduled",
    time: "Runs",
    none: "No jobs are scheduled. Enqueue one with the option at or delay.",
  },
  retries: {
    title: "Retries",
    time: "Next attempt",
    none: "No job waits for a retry. A job that fails comes here first.",
  },
  dead: {
    title: "Dead",
    time: "Died",
    none: "No dead jobs. A job without retries left comes here, and stays for 180 days.",
  },
  working: {
    title: "Working",
    time: "Reservation ends",
    none: "No job is running. Start a worker: npx @faktory-ts/faktory work ./handlers.mjs",
  },
  queue: {
    title: "Queue",
    time: "Enqueued",
    none: "No job waits on this queue. Workers have fetched all, or the queue is new.",
  },
};

/** Time that the server keeps dead jobs, in milliseconds: 180 days. */
const DEAD_MS = 180 * 86_400_000;

const BULK = [["retry", "Retry"], ["kill", "Kill"], ["discard", "Discard"]] as const;

/** Returns the actions of a place: a dead job cannot be killed, a queued job cannot be retried. */
export function actionsIn(place: string): readonly (readonly [string, string])[] {
  if (place === "working") return [];
  const without = place === "dead" ? "kill" : place === "queue" ? "retry" : "";
  return BULK.filter(([name]) => name !== without);
}

/** Renders the buttons that change many jobs. */
export function bulkButtons(place: ListedPlace, which: string, what: string): Html[] {
  return actionsIn(place).map(([name, title]) =>
    html`<button name="bulk" value="${`${name}:${which}`}" ${
      which === "selected" ? html`data-bulk` : ""
    }>${runs(place, title)} ${what}</button>`
  );
}

/** Returns the text of a button: a scheduled job is not retried. */
function runs(place: string, title: string): string {
  return place === "scheduled" && title === "Retry" ? "Run now:" : title;
}

/** Renders jobs with links to their pages, and with buttons if they can be changed. */
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

/** Returns the time at which a job died. The server only stores the time at which it deletes it. */
function diedAt({ at }: ServerJob): Date | undefined {
  return at === undefined ? undefined : new Date(at.getTime() - DEAD_MS);
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
  const at = place === "dead" ? diedAt(job) : place === "queue" ? job.enqueuedAt : job.at;
  const label = `${type.slice(0, 60)} ${jid.slice(0, 60)}`;
  return html`<tr>
    ${
    canChange
      ? html`<td><input type="checkbox" name="jid" value="${jid}"
        aria-label="${`Select ${label}`}"></td>`
      : ""
  }
    <th scope="row"><a href="${link(visit, "/job", { jid })}">${untrusted(type)}</a>
      <span class="jid">${untrusted(jid, 40)}</span></th>
    ${place === "queue" ? "" : html`<td>${queueLink(visit, queue)}</td>`}
    <td><code>${untrusted(job.args, 120)}</code></td>
    ${hasErrors ? html`<td class="error">${untrusted(errorLine(job), 160)}</td>` : ""}
    <td data-label="${TEXTS[place].time}">${time(at, visit.now)}</td>
    ${
    canChange
      ? html`<td class="actions">${
        actionsIn(place).map(([name, title]) => {
          const said = runs(place, title).replace(/:$/, "");
          return html`
            <button name="one" value="${`${name}:${jid}`}"
              aria-label="${`${said} ${label}`}">${said}</button>
          `;
        })
      }</td>`
      : ""
  }
  </tr>`;
}
