import type { WireFilter } from "./server.ts";

/**
 * Characters that the server escapes in stored jobs, but not in the jid or type that it searches
 * for.
 */
// deno-lint-ignore no-control-regex
const ESCAPED = /[<>&"\\\u0000-\u001f\u007f-\uffff]/;

/** Characters with a meaning in a glob. */
const GLOB = /[*?[\]\\^]/;

/**
 * Returns filters for the jobs with these jids, one MUTATE each. Most jids fit into one filter.
 * Jids that the server would not find that way are searched for with globs.
 */
export function jidFilters(jids: readonly string[]): WireFilter[] {
  const plain = jids.filter((jid) => !ESCAPED.test(jid));
  const globs = jids.filter((jid) => ESCAPED.test(jid))
    .flatMap((jid) => globFilters("jid", jid));
  return plain.length === 0 ? globs : [{ jids: plain }, ...globs];
}

/**
 * Returns filters for the jobs of this type, one MUTATE each. The server treats a job type as a
 * glob too, and searches for it in the stored JSON.
 */
export function typeFilters(type: string): WireFilter[] {
  const isPlain = !ESCAPED.test(type) && !GLOB.test(type);
  return isPlain ? [{ jobtype: type }] : globFilters("jobtype", type);
}

/** Returns globs for the jobs that are stored with this text under this name. */
function globFilters(name: string, text: string): WireFilter[] {
  const stored = JSON.stringify(text).slice(1, -1)
    // Escaped as Go does.
    .replaceAll(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const all = [stored];
  // Servers built with Go before 1.22 escape these characters differently. A `b` after an escaped
  // backslash is not an escape.
  if (/[\b\f]/.test(text)) {
    all.push(stored.replaceAll(/\\(.)/g, (c, letter) => OLD_ESCAPES.get(letter) ?? c));
  }
  return all.map((text) => ({
    regexp: `*"${name}":"${text.replaceAll(/[*?[\]\\^]/g, (c) => `\\${c}`)}"*`,
  }));
}

const OLD_ESCAPES: ReadonlyMap<string, string> = new Map([["b", "\\u0008"], ["f", "\\u000c"]]);
