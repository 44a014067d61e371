import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** A file's text, and what tells that it is still the same without reading it. */
export interface Source {
  readonly stamp: string;
  readonly text: string;
}

/** Files by their paths. */
export type Sources = ReadonlyMap<string, Source>;

/** More files than these are no worker's own. */
const MAX_FILES = 5000;

/** What is imported by a relative path, or run in a thread by its URL. */
const IMPORTED = /\b(?:from|import|require|new\s+URL)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]+)\1/g;

const EXTENSIONS = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];

/**
 * Reads files and all that they import by relative paths. Of `before`, those are taken over that
 * have not been written since: to read a file is something that watchers of its folder may hear of
 * as well.
 */
export async function readSources(entries: readonly string[], before: Sources): Promise<Sources> {
  const sources = new Map<string, Source>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (sources.has(path) || sources.size >= MAX_FILES) continue;
    const source = await readSource(path, before.get(path));
    if (source === undefined) continue;
    sources.set(path, source);
    if (path.endsWith(".json")) continue;
    for (const [, , specifier = ""] of source.text.matchAll(IMPORTED)) {
      waiting.push(...candidates(resolve(dirname(path), specifier)));
    }
  }
  return sources;
}

async function readSource(path: string, before: Source | undefined): Promise<Source | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (before?.stamp === stamp) return before;
    return { stamp, text: await readFile(path, "utf8") };
  } catch {
    // It is not there, or may not be read: who imports it will be told.
    return undefined;
  }
}

/**
 * What a specifier can mean: TypeScript is imported without its extension, too, or with that of
 * what it becomes.
 */
function candidates(path: string): string[] {
  const [, stem, kind] = /^(.*)\.([cm]?)jsx?$/.exec(path) ?? [];
  const emitted = stem === undefined ? [] : [`${stem}.${kind}ts`, `${stem}.tsx`];
  const inFolder = EXTENSIONS.slice(1).map((extension) => `${path}/index${extension}`);
  return [...EXTENSIONS.map((extension) => path + extension), ...emitted, ...inFolder];
}
