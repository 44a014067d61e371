/**
 * `deno task build:npm [FOLDER]`: the npm package, built by dnt, in `npm/dist` by default. Exits
 * with 69 without JSR.
 */

import { deno } from "./tools.ts";
import { completePackage } from "./npm/complete.ts";

/** A build that takes longer hangs. */
const LIMIT_MS = 300_000;

const [outDir = "npm/dist"] = Deno.args;
const signal = AbortSignal.timeout(LIMIT_MS);
const args = ["run", "-A", "--no-config", "scripts/npm/dnt.ts", outDir];
const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).spawn().status;
if (signal.aborted) console.error(`dnt was ended after ${LIMIT_MS} ms`);
if (code !== 0) Deno.exit(code);
await completePackage(outDir, "./esm");
