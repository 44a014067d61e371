import { corpusStep } from "./corpus.ts";
import { deno, run } from "../command.ts";
import { readProject } from "../project.ts";
import { fail, type Outcome, pass, skip, type Step } from "./step.ts";

interface ServerModule {
  readonly FaktoryServer: {
    start(options: { port: number }): Promise<AsyncDisposable & { readonly url: string }>;
  };
}

const documents = ["mod.ts", "src", "README.md"];
const serverModule = new URL("../../src/server/mod.ts", import.meta.url);

/** The documentation of every entry is whole. */
export const docLintStep: Step = {
  name: "documentation",
  async run(): Promise<Outcome> {
    const entries = Object.values((await readProject()).exports);
    return await run(deno, ["doc", "--lint", ...entries]) ? pass : fail("deno doc --lint failed");
  },
};

/** The examples in the documentation and the README run, on an embedded server where they need one. */
export const exampleStep: Step = {
  name: "examples",
  async run(): Promise<Outcome> {
    if (!await exists(serverModule)) return skip("there is no embedded server to run them on");
    const { FaktoryServer }: ServerModule = await import(serverModule.href);
    await using server = await FaktoryServer.start({ port: 0 });
    const args = (report: string) => [
      ...["test", "-A", "--doc", `--junit-path=${report}`],
      ...documents,
    ];
    return await corpusStep({
      name: "examples",
      command: deno,
      args,
      env: { FAKTORY_URL: server.url },
    })
      .run();
  },
};

async function exists(url: URL): Promise<boolean> {
  return await Deno.stat(url).then(() => true, () => false);
}
