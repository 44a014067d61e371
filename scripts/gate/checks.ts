import { deno, inTempFolder, outputs, readProject } from "../tools.ts";
import { standIns } from "../offline.ts";
import { hasJsr, jsrArgs } from "../offline.ts";
import { skip, type Step } from "./step.ts";

/** Runs a subcommand of Deno, with stand-ins for JSR's packages where JSR does not answer. */
async function runDeno(subcommand: string, ...args: readonly string[]): Promise<void> {
  await outputs(deno, [subcommand, ...await jsrArgs(subcommand), ...args]);
}

/** A step that is one run of Deno and needs nothing of JSR. */
function denoStep(name: string, ...args: readonly string[]): Step {
  return { name, run: async () => void await outputs(deno, args) };
}

/** Runs before all others: what they need is installed, and whether JSR answers is known. */
export const installStep: Step = {
  name: "install",
  async run() {
    await outputs(deno, ["install", "--quiet", "--frozen"]);
    if (!await hasJsr()) {
      skip("the real @std/streams: JSR does not answer here, so a stand-in takes its place");
    }
    if (Deno.env.get("FAKTORY_TEST_URL") === undefined) {
      skip("the contract suite against a real server, as FAKTORY_TEST_URL is not set");
    }
  },
};

/** Everything that needs no test to run: most of it takes a second. */
export const checkSteps: readonly Step[] = [
  denoStep("format", "fmt", "--check"),
  denoStep("lint", "lint"),
  { name: "types", run: () => runDeno("check", "mod.ts", "src", "tests", "scripts") },
  { name: "types for dnt", run: () => inTempFolder(checkDntTypes) },
  denoStep("import rules", "run", "-A", "scripts/check_imports.ts"),
  {
    name: "documentation",
    run: async () =>
      await runDeno("doc", "--lint", ...Object.values((await readProject()).exports)),
  },
  { name: "publish dry run", run: () => runDeno("publish", "--dry-run", "--allow-dirty") },
];

/**
 * Fails if something between its making and its run has changed `deno.lock`: then it was not
 * complete.
 */
export function lockStep(): Step {
  const before = Deno.readTextFileSync("deno.lock");
  return {
    name: "lock file",
    async run() {
      if (await Deno.readTextFile("deno.lock") === before) return;
      throw new Error("deno.lock was not complete: run deno install, and commit it");
    },
  };
}

/** The settings with which dnt 0.43.2 compiles for `scripts/npm/dnt.ts`. */
const dntOptions = {
  noEmit: true,
  strict: true,
  useUnknownInCatchVariables: false,
  target: "ES2022",
  lib: ["ESNext", "DOM", "DOM.Iterable"],
  module: "ESNext",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  isolatedModules: true,
  useDefineForClassFields: true,
  esModuleInterop: false,
  allowSyntheticDefaultImports: true,
  skipLibCheck: true,
  ignoreDeprecations: "6.0",
  types: ["node"],
};

/**
 * Compiles the sources as dnt does, which is not as Deno does: without
 * `exactOptionalPropertyTypes`, and with the DOM of TypeScript's own library. Needs no JSR, and so
 * finds on every machine what `deno task build:npm` would refuse.
 */
async function checkDntTypes(folder: string): Promise<void> {
  const root = Deno.cwd();
  const paths = Object.entries(standIns).map(([name, file]) => [name, [`${root}/${file}`]]);
  const config = {
    compilerOptions: {
      ...dntOptions,
      typeRoots: [`${root}/node_modules/@types`],
      paths: Object.fromEntries(paths),
    },
    include: [`${root}/mod.ts`, `${root}/src/**/*.ts`],
  };
  await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
  await outputs("node", ["node_modules/typescript/bin/tsc", "--project", folder]);
}
