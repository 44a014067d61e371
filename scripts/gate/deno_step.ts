import { deno, run } from "../command.ts";
import { fail, type Outcome, pass, type Step } from "./step.ts";

/** A step that is one run of Deno. */
export function denoStep(name: string, args: readonly string[]): Step {
  return { name, run: () => outcomeOf(args) };
}

async function outcomeOf(args: readonly string[]): Promise<Outcome> {
  return await run(deno, args) ? pass : fail(`deno ${args.join(" ")} failed`);
}
