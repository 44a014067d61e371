import { deno, run } from "../command.ts";
import { readProject } from "../project.ts";
import { corpusStep } from "./corpus.ts";
import { jsrArgs } from "./jsr.ts";
import { fail, type Outcome, pass, type Step, sumOf } from "./step.ts";

/** The documentation of every entry is whole. */
export const docLintStep: Step = {
  name: "documentation",
  async run(): Promise<Outcome> {
    const entries = Object.values((await readProject()).exports);
    const args = ["doc", ...await jsrArgs("doc"), "--lint", ...entries];
    return await run(deno, args) ? pass : fail("deno doc --lint failed");
  },
};

/** The examples in the documentation of the sources run, on an embedded server where they need one. */
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
        ...[`--junit-path=${report}`, "mod.ts", "src"],
      ],
      env: { FAKTORY_URL: server.url },
    }).run();
  },
};

/** The blocks of `docs/` and the READMEs have sound types, and each page's run in order and leave no jobs. */
export const pageStep: Step = {
  name: "pages",
  async run(): Promise<Outcome> {
    const guides = await Array.fromAsync(Deno.readDir("docs"));
    const pages = guides.filter(({ name }) => name.endsWith(".md")).map(({ name }) =>
      `docs/${name}`
    );
    const all = ["README.md", "npm/README.md", ...pages.sort()];
    const jsr = await jsrArgs("run");
    const runs = [
      ["check", ...jsr, "--doc-only", ...all],
      ["run", "-A", "--no-check", ...jsr, "scripts/gate/run_pages.ts", ...all],
    ];
    return await sumOf(
      runs.map((args) => async () =>
        await run(deno, args) ? pass : fail(`deno ${args[0]} of the pages failed`)
      ),
    );
  },
};
