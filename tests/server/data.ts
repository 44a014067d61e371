import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtinModule } from "../../src/internal/environment.ts";

/** Why what needs a file is skipped; false where it is not. */
export const noSqlite: string | false = builtinModule("node:sqlite") === undefined
  ? "this runtime has no node:sqlite: Node has it from 22.13 on"
  : false;

/** Calls `use` with a folder of its own. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "durable-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
