import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtinModule } from "../../src/internal/environment.ts";

/** The reason for skipping tests that need a file. False if they can run. */
export const noSqlite: string | false = builtinModule("node:sqlite") === undefined
  ? "this runtime has no node:sqlite: Node has it from 22.13 on"
  : false;

/** Calls `use` with a temporary folder. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "durable-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
