import { deno, run } from "../command.ts";
import { jsrArgs } from "./jsr.ts";
import { fail, type Outcome, pass, type Step } from "./step.ts";

/** A step that is one run of Deno. */
export function denoStep(name: string, args: readonly string[]): Step {
  return { name, run: () => outcomeOf(args) };
}

/** A step that is one run of Deno and loads what the sources import of JSR. */
export function jsrDenoStep(name: string, [subcommand = "", ...rest]: readonly string[]): Step {
  return {
    name,
    run: async () => await outcomeOf([subcommand, ...await jsrArgs(subcommand), ...rest]),
  };
}

async function outcomeOf(args: readonly string[]): Promise<Outcome> {
  return await run(deno, args) ? pass : fail(`deno ${args.join(" ")} failed`);
}
