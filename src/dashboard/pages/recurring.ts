import type { ServerJob } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { elsewhere, empty, page } from "../view/layout.ts";
import { foreign, time } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueLink } from "./queues.ts";

/** The jid of a firing that `./cron` has pushed: the schedule, the time, the entry, a checksum. */
const FIRING = /^cron:([^:]*):[0-9a-z]{7}:(.+):[0-9a-f]+$/;

/** An entry of a schedule, with its firings that the server has, the next one first. */
interface Entry {
  readonly schedule: string;
  readonly name: string;
  readonly firings: ServerJob[];
}

/** The entries of schedules, by the firings that are in the scheduled set. */
export async function recurringPage(visit: Visit): Promise<Html> {
  const { inspection, now } = visit;
  const options = { title: "Recurring", active: "/recurring", live: true };
  if (inspection === undefined) {
    return page(visit, { ...options, live: false }, elsewhere(visit));
  }
  const found = await inspection.jobs({
    set: "scheduled",
    text: "cron:",
    limit: 1000,
    maxArgs: 200,
  });
  const entries = entriesOf(found.jobs);
  if (entries.length === 0) {
    return page(visit, options, empty("No recurring jobs. A Schedule of ./cron enqueues them."));
  }
  return page(
    visit,
    options,
    html`
      <div class="scroll" tabindex="0" role="region" aria-label="Table of recurring jobs">
        <table class="jobs">
          <thead>
            <tr>
              <th scope="col">Entry</th>
              <th scope="col">Job</th>
              <th scope="col">Queue</th>
              <th scope="col">Arguments</th>
              <th scope="col">Next</th>
              <th scope="col">Then</th>
            </tr>
          </thead>
          <tbody>${entries.map((entry) => row(visit, entry, now))}</tbody>
        </table>
      </div>
      <p class="hint">Shows only firings that are already scheduled.${found.next === undefined
        ? ""
        : " There may be more: the scheduled set is too large to be searched whole."}</p>
    `,
  );
}

function row(visit: Visit, { schedule, name, firings }: Entry, now: number): Html {
  const [next, after] = firings;
  const { jid, type, queue, args, at } = next!;
  return html`
    <tr>
      <th scope="row">${foreign(name)} <span class="jid">${foreign(schedule, 40)}</span></th>
      <td><a href="${link(visit, "/job", { jid })}">${foreign(type)}</a></td>
      <td>${queueLink(visit, queue)}</td>
      <td><code>${foreign(args, 120)}</code></td>
      <td>${time(at, now)}</td>
      <td>${after === undefined
        ? html`<span class="none">not yet pushed</span>`
        : time(after.at, now)}</td>
    </tr>
  `;
}

function entriesOf(jobs: readonly ServerJob[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const job of jobs) {
    const [, schedule, name] = FIRING.exec(job.jid) ?? [];
    if (schedule === undefined || name === undefined) continue;
    const key = `${schedule}:${name}`;
    const entry = entries.get(key) ?? { schedule, name, firings: [] };
    entries.set(key, entry);
    entry.firings.push(job);
  }
  return [...entries.values()];
}
