import type { WireFilter } from "./server.ts";

/**
 * What the server writes otherwise in the jobs that it stores than where it looks for a jid or a
 * type in them.
 */
// deno-lint-ignore no-control-regex
const WRITTEN_OTHERWISE = /[<>&"\\\u0000-\u001f\u007f-\uffff]/;

/** What means something in a glob. */
const GLOB = /[*?[\]\\^]/;

/**
 * Filters of the jobs of these jids, a MUTATE for each: together, but for jids that the server
 * would not find so, which are looked for by globs.
 */
export function jidFilters(jids: readonly string[]): WireFilter[] {
  const plain = jids.filter((jid) => !WRITTEN_OTHERWISE.test(jid));
  const globs = jids.filter((jid) => WRITTEN_OTHERWISE.test(jid))
    .flatMap((jid) => globFilters("jid", jid));
  return plain.length === 0 ? globs : [{ jids: plain }, ...globs];
}

/**
 * Filters of the jobs of this type, a MUTATE for each. The server takes a job type for a glob as
 * well, and looks for it in the stored JSON.
 */
export function typeFilters(type: string): WireFilter[] {
  const isPlain = !WRITTEN_OTHERWISE.test(type) && !GLOB.test(type);
  return isPlain ? [{ jobtype: type }] : globFilters("jobtype", type);
}

/** Globs of the jobs that are stored with this text under this name. */
function globFilters(name: string, text: string): WireFilter[] {
  const stored = JSON.stringify(text).slice(1, -1)
    // As Go writes them.
    .replaceAll(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const all = [stored];
  // As servers write them that were built with Go before 1.22. Not the `b` behind a backslash that
  // is meant itself.
  if (/[\b\f]/.test(text)) {
    all.push(stored.replaceAll(/\\(.)/g, (c, letter) => OLD_ESCAPES.get(letter) ?? c));
  }
  return all.map((text) => ({
    regexp: `*"${name}":"${text.replaceAll(/[*?[\]\\^]/g, (c) => `\\${c}`)}"*`,
  }));
}

const OLD_ESCAPES: ReadonlyMap<string, string> = new Map([["b", "\\u0008"], ["f", "\\u000c"]]);
