/**
 * `program.ts SCENARIO [MS]`: runs a scenario by its name, says what of the event loop it left, and
 * ends when nothing keeps it. What still does after a while is said, and the program fails.
 */

import process from "node:process";
import { planted } from "./planted.ts";
import { scenarios } from "./scenarios.ts";

/**
 * What was closed is gone after so long, in milliseconds, on a slow machine too; what was planted
 * never is.
 */
const PATIENCE_MS = Number(process.argv[3] ?? 1000);

/**
 * What keeps the event loop beside what did `before`, by its kinds; nothing in Bun, which does not
 * tell.
 */
function open(before: readonly string[] = []): string[] {
  const kinds = process.getActiveResourcesInfo();
  for (const kind of before) {
    if (kinds.includes(kind)) kinds.splice(kinds.indexOf(kind), 1);
  }
  return kinds.sort();
}

async function main(name: string): Promise<void> {
  const before = open();
  await (scenarios[name] ?? planted[name])?.();
  const patience = performance.now() + PATIENCE_MS;
  let left = open(before);
  while (left.length > 0 && performance.now() < patience) {
    await new Promise((resolve) => setImmediate(resolve));
    left = open(before);
  }
  // Not looked at once more: what compiles TypeScript may write to its cache at any time.
  console.log(`left ${JSON.stringify(left)}`);
  // It holds nothing itself: it is only heard where something else does.
  setTimeout(() => {
    console.log(`held by ${JSON.stringify(open())}`);
    process.exit(3);
  }, PATIENCE_MS).unref();
}

void main(process.argv[2] ?? "");
