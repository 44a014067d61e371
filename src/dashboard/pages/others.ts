import { type Html, html } from "../view/html.ts";
import { page, plainPage } from "../view/layout.ts";
import { formatCount } from "../view/text.ts";
import { link, type Visit } from "../view/visit.ts";

/** Renders the login form. */
export function loginPage(
  visit: Pick<Visit, "settings">,
  next: string,
  fault: string | undefined,
): Html {
  return plainPage(
    visit,
    "Log in",
    html`<main id="main" class="login" tabindex="-1">
  <h1>Faktory</h1>
  ${fault === undefined ? "" : html`<p class="fault" role="alert">${fault}</p>`}
  <form method="post" action="${link(visit, "/login")}">
    <input type="hidden" name="next" value="${next}">
    <label>Password <input type="password" name="password" required autofocus
      autocomplete="current-password"></label>
    <button class="main">Log in</button>
  </form>
</main>`,
  );
}

/** Renders a message. */
export function messagePage(
  visit: Pick<Visit, "settings">,
  title: string,
  text: string,
): Html {
  return plainPage(
    visit,
    title,
    html`<main id="main" class="message" tabindex="-1">
  <h1>${title}</h1>
  <p>${text}</p>
  <p><a href="${link(visit, "/")}">Overview</a></p>
</main>`,
  );
}

const ASKED: Readonly<Record<string, (what: string) => string>> = {
  retry: (what) => `Run ${what} now?`,
  kill: (what) => `Move ${what} to the dead?`,
  discard: (what) => `Discard ${what}? This cannot be undone.`,
  remove: (what) => `Remove ${what}? This cannot be undone.`,
  cancel: (what) => `Cancel ${what}? This cannot be undone.`,
};

/** Renders the confirmation of a change. */
export function confirmPage(
  visit: Visit,
  { action, what, path, fields, back }: {
    readonly action: string;
    /** The object of the change, such as `12 jobs`. */
    readonly what: string;
    readonly path: string;
    readonly fields: readonly (readonly [name: string, value: string])[];
    readonly back: string;
  },
): Html {
  const asked = ASKED[action]?.(what) ?? what;
  return page(
    visit,
    { title: "Are you sure?" },
    html`
      <p class="ask">${asked}</p>
      <form method="post" action="${link(visit, path)}" class="bar">
        ${fields.map(([name, value]) =>
          html`<input type="hidden" name="${name}" value="${value}">`
        )}
        <button name="confirmed" value="yes" class="main">Yes, ${action}</button>
        <a class="button" href="${back}">No, go back</a>
      </form>
      ${action === "cancel"
        ? html`<p class="hint">If a worker runs the job, the server forgets it at once. The worker
          stops it within ten seconds if its consumer has the option <code>cancellation</code>;
          otherwise the handler runs to its end, and its result is ignored.</p>`
        : ""}
    `,
  );
}

/** Describes the jobs of a set. The number is missing if the server does not count them. */
export function jobsOf(set: string, jobs: number | undefined, isAll: boolean): string {
  if (jobs !== undefined) return `${isAll ? "all " : ""}${formatCount(jobs, "job")} of ${set}`;
  return isAll ? `all jobs of ${set}` : `the jobs of ${set} that match`;
}
