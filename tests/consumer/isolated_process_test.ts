import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";

/** Returns the output of a program. Rejects if its exit code is not 0. */
function output(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: 60_000, env: { ...process.env, NODE_OPTIONS: "" } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

test("a job in a thread keeps the program alive, an idle thread does not", async () => {
  const flags = { deno: ["run", "-A"], bun: [], node: ["--import", "tsx"], workerd: [] };
  const program = new URL("../fixtures/isolated/program.ts", import.meta.url);
  assert.equal(await output([...flags[runtime() ?? "node"], fileURLToPath(program)]), "done");
});

const skip = runtime() === "node" ? false : "only Node takes no TypeScript as it is";

test("without tsx, JavaScript runs, and TypeScript if Node can read it", { skip }, async () => {
  const { build } = await import("esbuild");
  const folder = await mkdtemp(join(tmpdir(), "isolated-"));
  try {
    const outfile = join(folder, "faktory.mjs");
    const entryPoints = [fileURLToPath(new URL("../../mod.ts", import.meta.url))];
    const format = "esm" as const;
    // Like a bundler: with shorter names and helper functions.
    const options = { bundle: true, minify: true, keepNames: true, platform: "node" as const };
    await build({ ...options, format, entryPoints, outfile });
    await writeFile(join(folder, "job.mjs"), "export default (job) => job.args[0] + 1;\n");
    await writeFile(join(folder, "job.mts"), "export default (job: any): number => job.args[0];\n");
    await writeFile(join(folder, "main.mjs"), MAIN);
    const [code, value] = JSON.parse(await output([join(folder, "main.mjs")]));
    assert.equal(value, 2);
    const { typescript } = process.features as { typescript?: unknown };
    assert.equal(code, typescript ? "none" : "UNSUPPORTED_RUNTIME");
  } finally {
    await rm(folder, { recursive: true });
  }
});

const MAIN = `
import { isolated, Job } from "./faktory.mjs";
const context = { signal: new AbortController().signal, attempt: 1 };
const run = (name) =>
  isolated(new URL(name, import.meta.url), { threads: 1 })(new Job("x", [1]), context);
const code = await run("./job.mts").then(() => "none", (error) => error.code);
console.log(JSON.stringify([code, await run("./job.mjs")]));
`;
