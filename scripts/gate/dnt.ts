import { deno, output } from "../command.ts";
import { inTempFolder } from "../temp_folder.ts";
import { checkPackage } from "./package.ts";
import { fail, type Outcome, skip, type Step } from "./step.ts";

/** dnt is fetched, and compiles everything twice; what takes longer hangs. */
const LIMIT_MS = 360_000;

/** The npm package as dnt builds it passes the package check; skipped where JSR, and with it dnt, cannot be reached. */
export const dntStep: Step = {
  name: "dnt",
  run: () => inTempFolder(buildAndCheck),
};

async function buildAndCheck(folder: string): Promise<Outcome> {
  const args = ["run", "-A", "--frozen", "scripts/build_npm.ts", folder];
  const signal = AbortSignal.timeout(LIMIT_MS);
  const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).spawn().status;
  if (signal.aborted) return fail(`deno task build:npm was ended after ${LIMIT_MS} ms`);
  if (code === 69) return skip("JSR, where dnt comes from, does not answer here");
  if (code !== 0) return fail("deno task build:npm failed");
  const packed = await output("npm", ["pack", "--json"], { cwd: folder });
  const [{ filename }] = JSON.parse(packed);
  return await checkPackage(`${folder}/${filename}`);
}
