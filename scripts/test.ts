/**
 * The gate: everything that must hold before a change is taken, a step each. `deno task test` runs all of it,
 * `deno task test RUNTIME` the tests under `deno`, `bun` or `node` alone.
 */

import { corpusRuns, corpusStep } from "./gate/corpus.ts";
import { denoStep, jsrDenoStep } from "./gate/deno_step.ts";
import { dntStep } from "./gate/dnt.ts";
import { docLintStep, exampleStep } from "./gate/docs.ts";
import { programStep } from "./gate/examples.ts";
import { jsrStep } from "./gate/jsr.ts";
import { leakStep } from "./gate/leaks.ts";
import { packageStep } from "./gate/package.ts";
import { dependencyStep, lockStep, serverStep } from "./gate/project_steps.ts";
import { runSteps, type Step, together } from "./gate/step.ts";

const [only] = Deno.args;
const corpora = corpusRuns.filter(({ runtime }) => only === undefined || runtime === only);
if (corpora.length === 0) {
  console.error(`Cannot run the tests under ${only}: it is none of deno, bun, node`);
  Deno.exit(2);
}
const install = denoStep("install", ["install", "--quiet", "--frozen"]);
const checks = [
  denoStep("format", ["fmt", "--check"]),
  denoStep("lint", ["lint"]),
  jsrDenoStep("types", ["check", "mod.ts", "src", "tests", "scripts"]),
  denoStep("import rules", ["run", "-A", "scripts/check_imports.ts"]),
  dependencyStep,
  docLintStep,
  jsrDenoStep("publish dry run", ["publish", "--dry-run", "--allow-dirty"]),
  together([exampleStep, packageStep]),
  together([leakStep, programStep]),
  dntStep,
];
const success = await runSteps([
  install,
  jsrStep,
  ...only === undefined ? checks : [],
  serverStep,
  ...inPairs(corpora.map(corpusStep)),
  lockStep(),
]);
Deno.exit(success ? 0 : 1);

/** The first two at the same time: Deno's and Bun's, which take one file after the other and wait more than they do. */
function inPairs([first, second, ...rest]: readonly Step[]): Step[] {
  return second === undefined ? [first!] : [together([first!, second]), ...rest];
}
