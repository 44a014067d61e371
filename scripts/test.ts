/** The gate: everything that must hold before a change is taken, a step each. Run by `deno task test`. */

import { denoStep } from "./gate/deno_step.ts";
import { corpusSteps } from "./gate/corpus.ts";
import { dntStep } from "./gate/dnt.ts";
import { docLintStep, exampleStep } from "./gate/docs.ts";
import { packageStep } from "./gate/package.ts";
import { dependencyStep, lockStep, serverStep } from "./gate/project_steps.ts";
import { runSteps } from "./gate/step.ts";

const success = await runSteps([
  denoStep("install", ["install", "--quiet", "--frozen"]),
  denoStep("format", ["fmt", "--check"]),
  denoStep("lint", ["lint"]),
  denoStep("types", ["check", "mod.ts", "src", "tests", "scripts"]),
  denoStep("import rules", ["run", "-A", "scripts/check_imports.ts"]),
  dependencyStep,
  docLintStep,
  exampleStep,
  denoStep("publish dry run", ["publish", "--dry-run", "--allow-dirty"]),
  packageStep,
  dntStep,
  serverStep,
  ...corpusSteps(),
  lockStep(),
]);
Deno.exit(success ? 0 : 1);
