import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";

test("a program with a frozen Error.prototype goes on", async () => {
  const flags = { deno: ["run", "-A"], bun: [], node: ["--import", "tsx"], workerd: [] };
  const program = new URL("../fixtures/consumer/frozen_errors.ts", import.meta.url);
  const args = [...flags[runtime() ?? "node"], fileURLToPath(program)];
  const printed = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
  assert.equal(printed, "5 failed");
});
