import { deno, inTempFolder, output } from "../tools.ts";
import { checkPackage } from "./package.ts";
import { skip, type Step } from "./step.ts";

/** dnt is fetched, and compiles everything twice. What takes longer hangs. */
const LIMIT_MS = 360_000;

/** Exit status of `deno task build:npm` where JSR, and with it dnt, does not answer. */
const UNAVAILABLE = 69;

/** Checks the npm package as dnt builds it. */
export const dntStep: Step = {
  name: "package by dnt",
  run: () =>
    inTempFolder(async (folder) => {
      const args = ["run", "-A", "--frozen", "scripts/build_npm.ts", folder];
      const signal = AbortSignal.timeout(LIMIT_MS);
      const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).output();
      if (code === UNAVAILABLE) return skip("dnt: JSR, where it comes from, does not answer here");
      if (code !== 0) throw new Error(`deno task build:npm exited with ${code}`);
      const packed = await output("npm", ["pack", "--json"], { cwd: folder });
      const [{ filename }] = JSON.parse(packed);
      await checkPackage(`${folder}/${filename}`);
    }),
};
