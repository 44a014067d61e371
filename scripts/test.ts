/**
 * The gate. `deno task test` runs all checks, `deno task test PART..` some of them: `check`,
 * `package [TARBALL]`, `examples`, `deno`, `bun`, `node`, `browser`, `leaks`, and `next`, which is
 * not in the gate.
 */

import { browserStep } from "./gate/browser.ts";
import { bundlerStep } from "./gate/bundlers.ts";
import { checkSteps, installStep, lockStep } from "./gate/checks.ts";
import { corpusStep, leakStep } from "./gate/corpus.ts";
import { exampleStep, pageStep } from "./gate/docs.ts";
import { programStep } from "./gate/examples.ts";
import { nextSteps } from "./gate/next.ts";
import { packedIn } from "./gate/npm.ts";
import { dntStep, packageStep } from "./gate/package.ts";
import { runSteps, type Step } from "./gate/step.ts";
import { inTempFolder } from "./tools.ts";

const tarball = Deno.args.find((arg) => arg.endsWith(".tgz"));
const wanted = Deno.args.filter((arg) => arg !== tarball);

const success = await inTempFolder(async (folder) => {
  const packed = tarball === undefined ? packedIn(folder) : () => Deno.realPath(tarball);
  // Long steps first, so that none runs alone at the end.
  const parts: Readonly<Record<string, readonly Step[]>> = {
    check: checkSteps,
    deno: [corpusStep("deno")],
    node: [corpusStep("node")],
    bun: [corpusStep("bun")],
    package: tarball === undefined
      ? [packageStep(packed), bundlerStep(packed), dntStep]
      : [packageStep(packed)],
    examples: [exampleStep, pageStep, programStep(packed)],
    browser: [browserStep],
    leaks: [leakStep],
  };
  const known = { ...parts, next: nextSteps(packed) };
  const unknown = wanted.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    console.error(`Cannot test ${unknown}: it is none of ${Object.keys(known).join(", ")}`);
    return false;
  }
  const names = wanted.length === 0 ? Object.keys(parts) : wanted;
  const lock = lockStep();
  const steps = names.flatMap((name) => known[name as keyof typeof known]!);
  return await runSteps([installStep], steps, [lock]);
});
Deno.exit(success ? 0 : 1);
