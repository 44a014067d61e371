/**
 * Runs the TypeScript blocks of the named Markdown pages in order, with one embedded server for
 * each page. A page fails if a block fails, if a block does not print the output that the page
 * shows, or if jobs are left on the server. A page that leaves jobs on purpose says so: `<!--
 * leaves: ruby 1, scheduled 2 -->`.
 */

import "../doc_assert.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { pageBlocks, unprinted } from "./page_blocks.ts";

// Inside the project, so that deno.json resolves bare specifiers.
const folder = await Deno.realPath(await Deno.makeTempDir({ dir: ".", prefix: ".pages-" }));
// Files that a page tells the reader to create.
for (const name of ["ca.pem", "server.pem", "server.key.pem"]) {
  await Deno.copyFile(`tests/fixtures/tls/${name}`, `${folder}/${name}`);
}
// The output of a block, to compare with the page.
let printed = "";
const print = console.log;
console.log = (...values) => {
  printed += `${inspect(...values)}\n`;
  print(...values);
};
let failures = 0;
try {
  for (const page of Deno.args) if (!await passes(page)) failures++;
} finally {
  await Deno.remove(folder, { recursive: true });
}
// A block may leave timers or sockets behind.
Deno.exit(failures === 0 ? 0 : 1);

async function passes(page: string): Promise<boolean> {
  const text = await Deno.readTextFile(page);
  const blocks = pageBlocks(text);
  if (blocks.length === 0) return true;
  // FETCHes of empty queues end sooner than on other servers, because nobody needs to wait here.
  const server = await FaktoryServer.start({ port: 0, fetchWaitMs: 100 });
  const start = performance.now();
  const root = Deno.cwd();
  Deno.chdir(folder);
  Deno.env.set("FAKTORY_URL", server.url);
  try {
    for (const block of blocks) {
      const { line, code, isWorker } = block;
      // Some blocks name their file, and later blocks import it.
      const name = /^\/\/ (\w+\.ts)$/m.exec(code)?.[1];
      if (name !== undefined) await Deno.writeTextFile(`${folder}/${name}`, code);
      const path = `${folder}/${page.replaceAll(/\W/g, "_")}_${line}.ts`;
      await Deno.writeTextFile(path, code);
      printed = "";
      const running = import(`file://${path}`).catch((error) => {
        throw new Error(`the block at line ${line} failed`, { cause: error });
      });
      await (isWorker ? Promise.all([running, stopWhenIdle(server)]) : running);
      const missing = unprinted(block, printed);
      if (missing.length > 0) {
        throw new Error(`the block at line ${line} does not print:\n${missing.join("\n")}`);
      }
    }
    const left = leftovers(server.snapshot());
    const expected = /<!-- leaves: (.*) -->/.exec(text)?.[1] ?? "nothing";
    if (left !== expected) throw new Error(`its blocks leave ${left}, and not ${expected}`);
    print(
      `${page}: ${blocks.length} blocks ran in order, ${Math.round(performance.now() - start)} ms`,
    );
    return true;
  } catch (error) {
    console.error(`${page}:`, error);
    return false;
  } finally {
    Deno.chdir(root);
    await server.close();
  }
}

/** Formats values as `console.log` does: texts unchanged, one space between two values. */
function inspect(...values: readonly unknown[]): string {
  return values.map((value) =>
    typeof value === "string" ? value : Deno.inspect(value, { colors: false })
  ).join(" ");
}

/** Stops the consumer of a block with a signal after it has run all jobs. */
async function stopWhenIdle(server: FaktoryServer): Promise<void> {
  const hasRun = server.snapshot().processed;
  while (
    server.snapshot().processed === hasRun || leftovers(server.snapshot()) !== "nothing"
  ) await new Promise((resolve) => setTimeout(resolve, 20));
  Deno.kill(Deno.pid, "SIGTERM");
}

/** Lists the jobs that are left on the server. */
function leftovers(
  { queues, scheduled, retries, dead, working }: ReturnType<FaktoryServer["snapshot"]>,
): string {
  const counts = Object.entries({ ...queues, scheduled, retries, dead, working })
    // Markers of cancelled jobs do not count.
    .filter(([name, count]) => count > 0 && !name.startsWith("faktory.cancel."));
  return counts.map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}
