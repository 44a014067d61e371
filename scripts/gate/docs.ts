import { FaktoryServer } from "../../src/server/mod.ts";
import { deno, outputs } from "../tools.ts";
import { runTests } from "./corpus.ts";
import { jsrArgs } from "../offline.ts";
import { allAtOnce, type Step } from "./step.ts";

/** Number of programs that run pages at the same time. */
const AT_ONCE = 2;

/** Runs the examples of the sources' doc comments, with an embedded server. */
export const exampleStep: Step = {
  name: "examples in the sources",
  async run() {
    await using server = await FaktoryServer.start({ port: 0 });
    const args = ["--doc", "--preload=scripts/doc_assert.ts", "mod.ts", "src"];
    return await runTests("deno", [...await jsrArgs("test"), ...args], { FAKTORY_URL: server.url });
  },
};

/**
 * Checks the types of the code blocks in `docs/` and the READMEs, and runs those of each page in
 * order.
 */
export const pageStep: Step = {
  name: "examples in the pages",
  async run() {
    const guides = await Array.fromAsync(Deno.readDir("docs"));
    const names = guides.map(({ name }) => name).filter((name) => name.endsWith(".md")).sort();
    const pages = ["README.md", "npm/README.md", ...names.map((name) => `docs/${name}`)];
    const jsr = await jsrArgs("run");
    // Pages mostly wait.
    const runs = Array.from({ length: AT_ONCE }, (_, nth) => {
      const some = pages.filter((_, index) => index % AT_ONCE === nth);
      return ["run", "-A", "--no-check", ...jsr, "scripts/gate/run_pages.ts", ...some];
    });
    const programs = [["check", ...jsr, "--doc-only", ...pages], ...runs];
    await allAtOnce(programs.map((args) => outputs(deno, args)));
  },
};
