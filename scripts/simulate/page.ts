import { readFile, writeFile } from "node:fs/promises";
import { deno, output } from "../tools.ts";
import { MARKER } from "./markdown.ts";

/** Replaces the generated part of a page in `docs/`. */
export async function writePage(path: string, text: string): Promise<void> {
  const page = await readFile(path, "utf8");
  const [before, ...rest] = page.split(MARKER);
  if (rest.length !== 1) throw new Error(`Cannot write ${path}: it needs one line ${MARKER}`);
  await writeFile(path, `${before}${MARKER}\n\n${text}\n`);
  await output(deno, ["fmt", "--quiet", path]);
}
