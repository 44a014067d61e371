import ts from "typescript";
import { filesIn } from "./files.ts";

const REFERENCE = `/// <reference lib="esnext.disposable" />\n`;
const NAMES = /\b(?:Async)?Disposable\b|\bSymbol\.(?:d|asyncD)ispose\b/;

/**
 * Leaves of a folder's declarations those that the entries' need, and has them work with a `lib` of ES2022.
 *
 * Such a `lib` does not have `AsyncDisposable` and `Symbol.asyncDispose`, so declarations that name them bring the
 * library of TypeScript that has. The reference is not in the sources, as compilers leave it out when they write declarations.
 */
export async function completeDeclarations(
  folder: string,
  entries: readonly string[],
): Promise<void> {
  const needed = new Set(entries.map((path) => new URL(path, `file://${folder}/`).pathname));
  // Grows while it is gone through.
  for (const path of needed) {
    const text = await Deno.readTextFile(path);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (!fileName.startsWith(".")) continue;
      needed.add(new URL(fileName.replace(/\.js$/, ".d.ts"), `file://${path}`).pathname);
    }
    if (NAMES.test(text)) await Deno.writeTextFile(path, REFERENCE + text);
  }
  for await (const path of filesIn(folder, ".d.ts")) {
    if (!needed.has(path)) await Deno.remove(path);
  }
}
