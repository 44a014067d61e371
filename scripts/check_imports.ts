/**
 * Holds `mod.ts` and `src/` to the rules of who may import whom; prints what breaks them, and then
 * fails.
 */

import { importFaults } from "./imports/check.ts";

async function readSources(path: string, into: Map<string, string>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    const inside = `${path}/${name}`;
    if (isDirectory) await readSources(inside, into);
    else if (/\.[cm]?[jt]sx?$/.test(name)) into.set(inside, await Deno.readTextFile(inside));
  }
}

const sources = new Map([["mod.ts", await Deno.readTextFile("mod.ts")]]);
await readSources("src", sources);
const faults = importFaults(sources);
for (const fault of faults) console.error(fault);
console.log(`${sources.size} modules, ${faults.length} faults`);
Deno.exit(faults.length === 0 ? 0 : 1);
