import { deno } from "../command.ts";
import { corpusStep } from "./corpus.ts";
import { readReport } from "./junit.ts";
import { fail, type Outcome, pass, type Step, sumOf } from "./step.ts";

const folder = "tests/leaks";

/** Deno's own sanitizers over what is opened and ended. Deno alone has them; the others' part is `tests/leaks/leaks_test.ts`. */
export const leakStep: Step = {
  name: "leaks",
  run: () => sumOf([() => sanitized.run(), findPlanted]),
};

const sanitized = corpusStep({
  name: "leaks",
  command: deno,
  args: (report) => [...testArgs(report), `${folder}/sanitized.deno.ts`],
});

function testArgs(report: string): string[] {
  return ["test", "-A", "--no-check", "--trace-leaks", `--junit-path=${report}`];
}

/** The sanitizers find leaks that are there. */
async function findPlanted(): Promise<Outcome> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const args = [...testArgs(report), `${folder}/planted.deno.ts`];
    // What it prints are failures, which is as it should be.
    await new Deno.Command(deno, { args, stdin: "null" }).output();
    const cases = readReport(await Deno.readTextFile(report));
    if (cases.length === 0) return fail("the planted leaks were not run");
    return await sumOf(
      cases.map(({ name, outcome }) => () =>
        Promise.resolve(outcome === "failed" ? pass : fail(`${name}: a planted leak was not found`))
      ),
    );
  } finally {
    await Deno.remove(report);
  }
}
