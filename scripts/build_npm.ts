/** `deno task build:npm [FOLDER]`: builds the npm package with dnt. See `--help`. */

import { completePackage } from "./npm/complete.ts";
import { hasJsr } from "./offline.ts";
import { deno, inTempFolder } from "./tools.ts";
import { runMain } from "./usage.ts";

const help = `deno task build:npm [FOLDER]

Builds the npm package with dnt, by default in npm/dist. Exits with 69 if JSR cannot be reached.`;

const LIMIT_MS = 300_000;

/** `EX_UNAVAILABLE`: something needed cannot be reached. */
const UNAVAILABLE = 69;

await runMain({ help, maxArguments: 1 }, async (_values, [folder = "npm/dist"]) => {
  if (!await hasJsr()) {
    console.error("Cannot load dnt: JSR does not answer");
    return UNAVAILABLE;
  }
  return await inTempFolder(async (built) => {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const args = ["run", "-A", "--no-config", "scripts/npm/dnt.ts", built];
    const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).spawn().status;
    if (signal.aborted) console.error(`dnt was killed after ${LIMIT_MS} ms`);
    if (code !== 0) return code;
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await completePackage(built, folder, "./esm");
    return 0;
  });
});
