import { type Html, html } from "./html.ts";
import { count } from "./text.ts";
import { link, type Visit } from "./visit.ts";

/** What is special about a page. */
export interface PageOptions {
  readonly title: string;
  /** Path of the page in the menu. */
  readonly active?: string;
  /** Whether it is loaded again as things change. @default false */
  readonly live?: boolean;
}

const MENU = [
  ["/", "Overview"],
  ["/queues", "Queues"],
  ["/working", "Working"],
  ["/scheduled", "Scheduled"],
  ["/recurring", "Recurring"],
  ["/retries", "Retries"],
  ["/dead", "Dead"],
  ["/workers", "Workers"],
  ["/batches", "Batches"],
] as const;

/** Pages that only an embedded server fills. */
const EMBEDDED_ONLY: readonly string[] = ["/working", "/recurring", "/workers", "/batches"];

/** A whole page around its main part. */
export function page(visit: Visit, options: PageOptions, main: Html): Html {
  const { title, active, live = false } = options;
  const { settings, inspection } = visit;
  const menu = MENU.filter(([path]) => inspection !== undefined || !EMBEDDED_ONLY.includes(path));
  return bare(
    visit,
    title,
    html`
      <header class="top">
        <a class="brand" href="${link(visit, "/")}">Faktory</a>
        <nav aria-label="Pages"><ul>
          ${menu.map(([path, name]) =>
            html`<li><a href="${link(visit, path)}"${
              path === active
                ? html`
                  aria-current="page"
                `
                : ""
            }>${name}</a></li>`
          )}
        </ul></nav>
        <span class="state" data-state hidden></span>
        ${settings.password === undefined
          ? ""
          : html`<form method="post" action="${
            link(visit, "/logout")
          }"><button class="quiet">Log out</button></form>`}
      </header>
      <main id="main" tabindex="-1" ${live
        ? html`
          data-live="${link(visit, "/events")}"
        `
        : ""}>
        ${notice(visit)}
        <h1>${title}</h1>
        ${main}
      </main>
    `,
  );
}

/** A page without a menu. */
export function bare(visit: Pick<Visit, "settings">, title: string, body: Html): Html {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>${title} · Faktory</title>
        <link rel="icon" href="${link(visit, "/assets/icon.svg")}" type="image/svg+xml">
        <link rel="stylesheet" href="${link(visit, "/assets/style.css")}">
        <script src="${link(visit, "/assets/script.js")}" defer></script>
      </head>
      <body>
    <a class="skip" href="#main">Skip to content</a>
    ${body}
      </body>
    </html>
  `;
}

/**
 * What was done, as the address of a page says after a change. Only known words get onto the page.
 */
const DONE: Readonly<Record<string, (jobs: string) => string>> = {
  retry: (jobs) => `${jobs} put back to run at once.`,
  kill: (jobs) => `${jobs} moved to the dead.`,
  discard: (jobs) => `${jobs} discarded.`,
  pause: () => "Queue paused: its jobs are held back.",
  resume: () => "Queue resumed.",
  remove: () => "Queue removed.",
  quiet: () => "The worker stops taking jobs at its next heartbeat, within 15 seconds.",
  terminate: () => "The worker ends at its next heartbeat, within 15 seconds.",
  gone: () => "Nothing changed: what it was about is no longer there.",
};

function notice({ query }: Visit): Html | "" {
  const done = query.get("did") ?? "";
  if (!Object.hasOwn(DONE, done)) return "";
  const jobs = query.get("jobs");
  const said = jobs !== null && /^\d{1,15}$/.test(jobs) ? count(Number(jobs), "job") : "Jobs";
  return html`<p class="notice" role="status">${DONE[done]!(said)}</p>`;
}

/** A part of a page that has nothing to show, and what to do next. */
export function empty(text: string, more: Html | string = ""): Html {
  return html`<div class="empty"><p>${text}</p>${more}</div>`;
}

/** What is said where a server cannot be asked for jobs. */
export function elsewhere(visit: Visit): Html {
  const { serverPage } = visit.settings;
  return html`<p class="hint">This server does not list jobs over its protocol. ${
    serverPage === undefined
      ? "Its own web page does."
      : html`<a href="${serverPage}" rel="noreferrer">Its own web page</a> does.`
  }</p>`;
}
