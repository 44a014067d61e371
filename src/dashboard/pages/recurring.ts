import type { ServerJob, ServerRecurring } from "../../inspect/types.ts";
import { type Html, html } from "../view/html.ts";
import { empty, noListingHint, page } from "../view/layout.ts";
import { time, untrusted } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";
import { queueLink } from "./queues.ts";

/** The jid of a firing of `./cron`: schedule, time, entry, checksum. */
const FIRING = /^cron:([^:]*):[0-9a-z]{7}:(.+):[0-9a-f]+$/;

/** Scheduled jobs that are searched for firings. */
const MAX_FIRINGS = 1000;

/** A recurring job with its next firings, the first one first. */
interface Entry {
  readonly name: string;
  /** Its origin: a schedule of `./cron`, or Enterprise's cron. */
  readonly origin: string;
  readonly type: Html;
  readonly queue: string;
  readonly args: string;
  readonly next: readonly (Date | undefined)[];
}

/** Renders the recurring jobs of `./cron` and of Enterprise's cron. */
export async function recurringPage(visit: Visit): Promise<Html> {
  const { inspection, now } = visit;
  const options = { title: "Recurring", active: "/recurring", live: true };
  if (inspection === undefined) {
    return page(visit, { ...options, live: false }, noListingHint(visit));
  }
  const [found, recurring] = await Promise.all([
    inspection.jobs({ set: "scheduled", text: "cron:", limit: MAX_FIRINGS, maxArgs: 200 }),
    inspection.recurring(),
  ]);
  const entries = [...entriesOf(visit, found.jobs), ...recurring.map(enterpriseEntry)];
  if (entries.length === 0) {
    const text = "No recurring jobs. Run a Schedule of the entry ./cron, which works with every " +
      "server, or set the option cron of an embedded server of the edition enterprise.";
    return page(visit, options, empty(text));
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
      ${entries.length === recurring.length ? "" : html`<p class="hint">A Schedule is shown by the
        firings that it has scheduled so far.${
        found.next === undefined ? "" : " There may be more: the scheduled set is too large."
      }</p>`}
    `,
  );
}

function row(visit: Visit, { name, origin, type, queue, args, next }: Entry, now: number): Html {
  const at = (firing: number) =>
    firing < next.length
      ? time(next[firing], now)
      : html`<span class="none">not scheduled yet</span>`;
  return html`
    <tr>
      <th scope="row">${untrusted(name)} <span class="jid">${untrusted(origin, 40)}</span></th>
      <td>${type}</td>
      <td>${queueLink(visit, queue)}</td>
      <td><code>${untrusted(args, 120)}</code></td>
      <td>${at(0)}</td>
      <td>${at(1)}</td>
    </tr>
  `;
}

function enterpriseEntry({ schedule, type, queue, args, next }: ServerRecurring): Entry {
  return {
    name: schedule,
    origin: "cron of the server, UTC",
    type: untrusted(type),
    queue,
    args,
    next,
  };
}

function entriesOf(visit: Visit, jobs: readonly ServerJob[]): Entry[] {
  const entries = new Map<string, Entry & { readonly next: (Date | undefined)[] }>();
  for (const { jid, type, queue, args, at } of jobs) {
    const [, schedule, name] = FIRING.exec(jid) ?? [];
    if (schedule === undefined || name === undefined) continue;
    const key = `${schedule}:${name}`;
    const address = link(visit, "/job", { jid });
    const entry = entries.get(key) ?? {
      ...{ name, origin: schedule, queue, args, next: [] },
      type: html`<a href="${address}">${untrusted(type)}</a>`,
    };
    entries.set(key, entry);
    entry.next.push(at);
  }
  return [...entries.values()];
}
