/** Checks the import rules of `mod.ts` and `src/`. Prints each fault, and fails if there is one. */

import { importFaults } from "./imports/check.ts";
import { filesIn } from "./tools.ts";

const sources = new Map<string, string>();
for (const path of ["mod.ts", ...await filesIn("src")]) {
  if (/\.[cm]?[jt]sx?$/.test(path)) sources.set(path, await Deno.readTextFile(path));
}
const faults = importFaults(sources);
for (const fault of faults) console.error(fault);
console.log(`${sources.size} modules, ${faults.length} faults`);
Deno.exit(faults.length === 0 ? 0 : 1);
