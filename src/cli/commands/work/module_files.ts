import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** A file's content, and a stamp that changes with it. */
export interface ModuleFile {
  readonly stamp: string;
  readonly text: string;
}

/** Files by path. */
export type ModuleFiles = ReadonlyMap<string, ModuleFile>;

/** Maximum number of files. A worker's own modules are fewer. */
const MAX_FILES = 5000;

/** Relative imports, and the URLs of threads. */
const IMPORTED = /\b(?:from|import|require|new\s+URL)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]+)\1/g;

const EXTENSIONS = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];

/**
 * Reads files and all their relative imports. Reuses those in `before` that have not changed,
 * because reading a file can itself trigger watchers of its folder.
 */
export async function readModuleFiles(
  entries: readonly string[],
  before: ModuleFiles,
): Promise<ModuleFiles> {
  const sources = new Map<string, ModuleFile>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (sources.has(path) || sources.size >= MAX_FILES) continue;
    const source = await readModuleFile(path, before.get(path));
    if (source === undefined) continue;
    sources.set(path, source);
    if (path.endsWith(".json")) continue;
    for (const [, , specifier = ""] of source.text.matchAll(IMPORTED)) {
      waiting.push(...candidates(resolve(dirname(path), specifier)));
    }
  }
  return sources;
}

async function readModuleFile(
  path: string,
  before: ModuleFile | undefined,
): Promise<ModuleFile | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (before?.stamp === stamp) return before;
    return { stamp, text: await readFile(path, "utf8") };
  } catch {
    // Missing or unreadable. The import itself reports the error.
    return undefined;
  }
}

/**
 * Returns the files that a specifier can mean: TypeScript may be imported without an extension, or
 * with that of the emitted JavaScript.
 */
function candidates(path: string): string[] {
  const [, stem, kind] = /^(.*)\.([cm]?)jsx?$/.exec(path) ?? [];
  const emitted = stem === undefined ? [] : [`${stem}.${kind}ts`, `${stem}.tsx`];
  const inFolder = EXTENSIONS.slice(1).map((extension) => `${path}/index${extension}`);
  return [...EXTENSIONS.map((extension) => path + extension), ...emitted, ...inFolder];
}
