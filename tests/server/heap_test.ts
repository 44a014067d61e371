import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";

const ARGS: Readonly<Record<string, readonly string[]>> = {
  deno: ["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
  bun: [],
  node: ["--expose-gc", "--import", "tsx"],
};

/**
 * Bytes per object. A waiting job is stored in about 160 bytes. A reference to the whole line would
 * take 200,000, the size of the batches. The measurements vary by 40,000 on a loaded machine.
 */
const MAX_WAITING = 450;
const MAX_KEPT = 100_000;

test(
  "the server keeps only the parts of a line that it needs",
  { timeout: 120_000 },
  async () => {
    const program = fileURLToPath(new URL("../fixtures/server/heap.ts", import.meta.url));
    const args = [...ARGS[runtime() ?? "node"]!, program];
    const output = await new Promise<string>((resolve, reject) =>
      execFile(
        process.execPath,
        args,
        (error, stdout) => error === null ? resolve(stdout) : reject(error),
      )
    );
    const { "a backlog": backlog, ...others } = JSON.parse(output) as Record<string, number>;
    assert(backlog! < MAX_WAITING, output);
    assert.equal(Object.keys(others).length, 10);
    for (const bytes of Object.values(others)) assert(bytes < MAX_KEPT, output);
  },
);
