import { deno } from "../command.ts";
import { fail, type Outcome, pass, skip, type Step } from "./step.ts";

/** The npm package as dnt emits it, and the tests on it; skipped where JSR, and with it dnt, is out of reach. */
export const dntStep: Step = {
  name: "dnt",
  async run(): Promise<Outcome> {
    // Without the configuration, JSR's packages do not get into the lock file.
    const args = ["run", "-A", "--no-config", "scripts/build_npm.ts"];
    const { code } = await new Deno.Command(deno, { args, stdin: "null" }).spawn().status;
    if (code === 69) return skip("JSR, where dnt comes from, does not answer here");
    return code === 0 ? pass : fail("deno task build:npm failed");
  },
};
