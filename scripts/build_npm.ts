/** `deno task build:npm [FOLDER]`: builds the npm package with dnt. See `--help`. */

import { completePackage } from "./npm/complete.ts";
import { deno } from "./tools.ts";
import { runMain } from "./usage.ts";

const help = `deno task build:npm [FOLDER]

Builds the npm package with dnt, by default in npm/dist. Exits with 69 if JSR cannot be reached.`;

const LIMIT_MS = 300_000;

await runMain({ help, maxArguments: 1 }, async (_values, [folder = "npm/dist"]) => {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const args = ["run", "-A", "--no-config", "scripts/npm/dnt.ts", folder];
  const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).spawn().status;
  if (signal.aborted) console.error(`dnt was killed after ${LIMIT_MS} ms`);
  if (code === 0) await completePackage(folder, "./esm");
  return code;
});
