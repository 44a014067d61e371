/** The gate: `deno task test [PART..]`. See `--help`. */

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
import { runMain, UsageError } from "./usage.ts";

const help = `deno task test [PART..]

Runs all checks and tests, or some of them: check, package [TARBALL], examples, deno, bun, node,
browser, leaks; and next, which is not part of a run without arguments.`;

await runMain({ help, maxArguments: Infinity }, async (_values, args) => {
  const tarball = args.find((arg) => arg.endsWith(".tgz"));
  const wanted = args.filter((arg) => arg !== tarball);
  return await inTempFolder(async (folder) => {
    const packed = tarball === undefined ? packedIn(folder) : () => Deno.realPath(tarball);
    // Long steps first, so that none runs alone at the end.
    const parts: Record<string, readonly Step[]> = {
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
    const names = wanted.length === 0 ? Object.keys(parts) : wanted;
    parts["next"] = nextSteps(packed);
    const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
    if (unknown !== undefined) {
      throw new UsageError(
        `Cannot test ${unknown}: it is none of ${Object.keys(parts).join(", ")}`,
      );
    }
    const steps = names.flatMap((name) => parts[name]!);
    return await runSteps([installStep], steps, [lockStep()]) ? 0 : 1;
  });
});
