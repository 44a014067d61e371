/**
 * `program.ts SCENARIO [MS]`: runs a scenario, prints the handles that it left in the event loop,
 * and ends when the event loop is empty. If it is not empty after a while, prints the reason and
 * fails.
 */

import process from "node:process";
import { planted } from "./planted.ts";
import { scenarios } from "./scenarios.ts";

/**
 * Time after which closed resources are gone, in ms, even on a slow machine. Planted leaks never
 * go.
 */
const PATIENCE_MS = Number(process.argv[3] ?? 10_000);

/** Returns the kinds of the present resources, without those in `before`. Bun reports none. */
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
  // Not read again, because the compiler of TypeScript may write to its cache at any time.
  console.log(`left ${JSON.stringify(left)}`);
  // An unreferenced timer: it only fires if something else keeps the event loop alive.
  setTimeout(() => {
    console.log(`held by ${JSON.stringify(open())}`);
    process.exit(3);
  }, PATIENCE_MS).unref();
}

void main(process.argv[2] ?? "");
