/**
 * `deno task build:npm [FOLDER]`: builds the npm package with dnt, by default in `npm/dist`. Exits
 * with 69 if JSR cannot be reached.
 */

import { deno } from "./tools.ts";
import { completePackage } from "./npm/complete.ts";

/** Time limit of a build. */
const LIMIT_MS = 300_000;

const [outDir = "npm/dist"] = Deno.args;
const signal = AbortSignal.timeout(LIMIT_MS);
const args = ["run", "-A", "--no-config", "scripts/npm/dnt.ts", outDir];
const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).spawn().status;
if (signal.aborted) console.error(`dnt was ended after ${LIMIT_MS} ms`);
if (code !== 0) Deno.exit(code);
await completePackage(outDir, "./esm");
