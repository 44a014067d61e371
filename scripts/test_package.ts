/**
 * `deno task test:package [TARBALL]`: the gate's checks of the npm package, on a tarball, or on one that `deno task pack` would
 * build.
 */

import { packedIn } from "./gate/installed.ts";
import { packageStep } from "./gate/package.ts";
import { runSteps } from "./gate/step.ts";
import { inTempFolder } from "./temp_folder.ts";

const [tarball] = Deno.args;
const success = await inTempFolder(async (folder) => {
  const packed = tarball === undefined ? packedIn(folder) : () => Deno.realPath(tarball);
  return await runSteps([packageStep(packed)]);
});
Deno.exit(success ? 0 : 1);
