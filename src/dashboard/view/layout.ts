import { type Html, html } from "./html.ts";
import { formatCount } from "./text.ts";
import { link, type Visit } from "./visit.ts";

/** Properties of a page. */
export interface PageOptions {
  readonly title: string;
  /** Path of the page in the menu. */
  readonly active?: string;
  /** Updates the page every two seconds. @default false */
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
  ["/workflows", "Workflows"],
] as const;

/** Pages that need an embedded server. */
const EMBEDDED_ONLY: readonly string[] = [
  ...["/working", "/recurring", "/workers", "/batches", "/workflows"],
];

/** Renders a page around its main part. */
export function page(visit: Visit, options: PageOptions, main: Html): Html {
  const { title, active, live = false } = options;
  const { settings, inspection } = visit;
  const menu = MENU.filter(([path]) => inspection !== undefined || !EMBEDDED_ONLY.includes(path));
  return plainPage(
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

/** Renders a page without a menu. */
export function plainPage(visit: Pick<Visit, "settings">, title: string, body: Html): Html {
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

/** Notices after a change, by the parameter `did`. Unknown values are not shown. */
const DONE: Readonly<Record<string, (jobs: string) => string>> = {
  retry: (jobs) => `${jobs} enqueued to run now.`,
  kill: (jobs) => `${jobs} moved to the dead.`,
  discard: (jobs) => `${jobs} discarded.`,
  cancel: () => "The job is cancelled.",
  withdraw: () => "The job is cancelled, if the server had it.",
  abort: () =>
    "The job is cancelled. Its worker stops it within ten seconds if its consumer has the option " +
    "cancellation.",
  pause: () => "Queue paused: workers get none of its jobs.",
  resume: () => "Queue resumed.",
  remove: () => "Queue removed.",
  quiet: () => "The worker stops fetching jobs at its next heartbeat, within 15 seconds.",
  terminate: () => "The worker stops at its next heartbeat, within 15 seconds.",
  gone: () => "Nothing changed: it is no longer there.",
};

function notice({ query }: Visit): Html | "" {
  const done = query.get("did") ?? "";
  if (!Object.hasOwn(DONE, done)) return "";
  const jobs = query.get("jobs");
  const said = jobs !== null && /^\d{1,15}$/.test(jobs) ? formatCount(Number(jobs), "job") : "Jobs";
  return html`<p class="notice" role="status">${DONE[done]!(said)}</p>`;
}

/** Renders an empty state, which says what to do next. */
export function empty(text: string, more: Html | string = ""): Html {
  return html`<div class="empty"><p>${text}</p>${more}</div>`;
}

/** Renders the hint that the server lists no jobs. */
export function noListingHint(visit: Visit): Html {
  const { serverPage } = visit.settings;
  return html`<p class="hint">This server does not list jobs over its protocol. ${
    serverPage === undefined
      ? "Its own web page does."
      : html`<a href="${serverPage}" rel="noreferrer">Its own web page</a> does.`
  }</p>`;
}
