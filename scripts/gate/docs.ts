import { deno, run } from "../command.ts";
import { readProject } from "../project.ts";
import { corpusStep } from "./corpus.ts";
import { jsrArgs } from "./jsr.ts";
import { fail, type Outcome, pass, type Step } from "./step.ts";

/** The documentation of every entry is whole. */
export const docLintStep: Step = {
  name: "documentation",
  async run(): Promise<Outcome> {
    const entries = Object.values((await readProject()).exports);
    const args = ["doc", ...await jsrArgs("doc"), "--lint", ...entries];
    return await run(deno, args) ? pass : fail("deno doc --lint failed");
  },
};

/** The examples in the documentation, `docs/` and the READMEs run, on an embedded server where they need one. */
export const exampleStep: Step = {
  name: "examples",
  async run(): Promise<Outcome> {
    const { FaktoryServer } = await import("../../src/server/mod.ts");
    await using server = await FaktoryServer.start({ port: 0 });
    const jsr = await jsrArgs("test");
    return await corpusStep({
      name: "examples",
      command: deno,
      args: (report) => [
        ...["test", "-A", ...jsr, "--doc", "--preload=scripts/doc_assert.ts"],
        `--junit-path=${report}`,
        ...["mod.ts", "src", "docs", "README.md", "npm/README.md"],
      ],
      env: { FAKTORY_URL: server.url },
    }).run();
  },
};
