/**
 * `deno task test:next`: fresh programs of Next with the packed package, by each of its bundlers. Not in the gate, as a
 * build takes half a minute.
 */

import { packedIn } from "./gate/installed.ts";
import { nextStep, nextVersions } from "./gate/next.ts";
import { runSteps } from "./gate/step.ts";
import { inTempFolder } from "./temp_folder.ts";

const success = await inTempFolder((folder) => {
  const packed = packedIn(folder);
  return runSteps(nextVersions.map((version) => nextStep(version, packed)));
});
Deno.exit(success ? 0 : 1);
