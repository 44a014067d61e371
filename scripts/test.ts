/**
 * The gate: everything that must hold before a change is taken, a step each. `deno task test` runs all of it,
 * `deno task test RUNTIME` the tests under `deno`, `bun` or `node` alone.
 */

import { bundlerStep } from "./gate/bundlers.ts";
import { corpusRuns, corpusStep } from "./gate/corpus.ts";
import { denoStep, jsrDenoStep } from "./gate/deno_step.ts";
import { dntStep } from "./gate/dnt.ts";
import { dntTypesStep } from "./gate/dnt_types.ts";
import { docLintStep, exampleStep, pageStep } from "./gate/docs.ts";
import { programStep } from "./gate/examples.ts";
import { packedIn } from "./gate/installed.ts";
import { jsrStep } from "./gate/jsr.ts";
import { leakStep } from "./gate/leaks.ts";
import { packageStep } from "./gate/package.ts";
import { dependencyStep, lockStep, serverStep } from "./gate/project_steps.ts";
import { runSteps } from "./gate/step.ts";

/** Most of a step waits, or runs on one core. */
const AT_ONCE = 2;

const [only] = Deno.args;
const corpora = corpusRuns.filter(({ runtime }) => only === undefined || runtime === only);
if (corpora.length === 0) {
  console.error(`Cannot run the tests under ${only}: it is none of deno, bun, node`);
  Deno.exit(2);
}
const work = await Deno.makeTempDir();
const packed = packedIn(work);
const checks = [
  denoStep("format", ["fmt", "--check"]),
  denoStep("lint", ["lint"]),
  jsrDenoStep("types", ["check", "mod.ts", "src", "tests", "scripts"]),
  dntTypesStep,
  denoStep("import rules", ["run", "-A", "scripts/check_imports.ts"]),
  dependencyStep,
  docLintStep,
  jsrDenoStep("publish dry run", ["publish", "--dry-run", "--allow-dirty"]),
];
const programs = [
  exampleStep,
  packageStep(packed),
  leakStep,
  pageStep,
  programStep(packed),
  bundlerStep(packed),
  dntStep,
];
const success = await runSteps([
  denoStep("install", ["install", "--quiet", "--frozen"]),
  jsrStep,
  ...only === undefined ? checks : [],
  serverStep,
  {
    atOnce: AT_ONCE,
    steps: [...only === undefined ? programs : [], ...corpora.map(corpusStep)],
  },
  lockStep(),
]);
await Deno.remove(work, { recursive: true });
Deno.exit(success ? 0 : 1);
