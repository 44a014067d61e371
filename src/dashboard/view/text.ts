import type { ServerJob } from "../../inspect/types.ts";
import { formatCount, formatDuration, formatInteger } from "../../internal/format.ts";
import { type Html, html } from "./html.ts";

export { formatCount, formatDuration, formatInteger };

/** Formats a rate, such as `12/s` or `0.3/s`. */
export function rate(value: number): string {
  return `${value > 0 && value < 10 ? value.toFixed(1) : formatInteger(value)}/s`;
}

/** Formats seconds, with milliseconds below one second. */
export function shortTime(seconds: number): string {
  return seconds < 1 ? `${Math.max(0, Math.round(seconds * 1000))} ms` : formatDuration(seconds);
}

/** Renders a time as its distance from `now`, with the time itself as a title. */
export function time(at: Date | undefined, now: number): Html {
  if (at === undefined) return html`<span class="none">unknown</span>`;
  const seconds = (at.getTime() - now) / 1000;
  if (Math.abs(seconds) < 1) return stamped(at, "now");
  const length = formatDuration(Math.abs(seconds));
  return stamped(at, seconds > 0 ? `in ${length}` : `${length} ago`);
}

/** Renders the time between `now` and `at`, with `at` as a title. */
export function distance(at: Date, now: number): Html {
  return stamped(at, formatDuration(Math.abs(at.getTime() - now) / 1000));
}

function stamped(at: Date, text: string): Html {
  const iso = at.toISOString();
  return html`<time datetime="${iso}" title="${iso}">${text}</time>`;
}

/** Renders a text from outside: cut, and isolated so that its direction affects nothing else. */
export function untrusted(text: string, max = 80): Html {
  const shown = text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
  return text.length <= max
    ? html`<bdi>${shown}</bdi>`
    : html`<bdi title="${text.slice(0, 1000)}">${shown}</bdi>`;
}

/** Formats a job's error on one line. */
export function errorLine({ failure }: ServerJob): string {
  return [failure?.type, failure?.message].filter((text) => text !== undefined).join(": ");
}

/** Formats KiB, such as `12 MiB`. */
export function kib(value: number): string {
  return value < 1024 ? `${formatInteger(value)} KiB` : `${formatInteger(value / 1024)} MiB`;
}
